/**
 * The box loses its power between calls, and in one: 112 dialled on a real phone (TLS, SRTP) that is led through it, while the box is
 * off and once it is back. What `firmware-templates/outages.md` says of such phones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { until, words, type Running } from '../support/command.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = '[dial_plan]\ncountry_code = "49"\n[rtp]\nkernel_path = "on"\n';
const services = { user: '112', password: 'they-answer' };

let site: SipLab;
let parts: Running[];
let phone: Baresip;
let help: Baresip;
/** RTP that the phone has got. */
let count: () => Promise<RtpCount>;

beforeAll(async () => {
  site = await openSipLab({ phones: 1, kamailio: { accounts: [...accounts, services] } });
  await startParts();
  phone = await site.startPhone(0, { speaksSeconds: 600 });
  help = await site.startRemote({ ...services, speaksSeconds: 600 });
  await phone.registered();
  await help.registered();
  count = await countRtp(site.phones[0] ?? site.box);
});

afterAll(() => site?.[Symbol.asyncDispose]());

async function heardIn(ms: number): Promise<number> {
  const before = await count();
  await sleep(ms);
  return (await count()).heard - before.heard;
}

async function startParts(): Promise<void> {
  parts = [await site.startBox(['rtp'], settings), await site.startBox(['sip'], settings)];
}

const inBox = async (...commands: string[]) => {
  for (const command of commands) await site.box.exec(words(command));
};

/** Nobody is told: what was open at either side hears nothing any more. */
async function powerOff(): Promise<void> {
  await inBox('ip link set lan down', 'ip link set wan down', 'nft flush ruleset');
  for (const part of parts) {
    part.kill('SIGKILL');
    await part.exited;
  }
}

async function powerOn(): Promise<void> {
  await inBox('ip link set wan up', 'ip route add default via 192.0.2.1', 'ip link set lan up');
  await startParts();
}

/** Dialled once: whether somebody answered. */
async function dialHelp(): Promise<boolean> {
  const since = phone.events.length;
  await phone.command('dial', `sip:112@${registrar}`);
  const ended = await until(
    'the call to come up or to end',
    () => phone.events.slice(since).find(({ type }) => /^CALL_(?:ESTABLISHED|CLOSED)$/.test(type)),
    { timeoutMs: 60_000 },
  );
  return ended.type === 'CALL_ESTABLISHED';
}

/** As people do: dialled again when it failed. A phone finds out by its first request that its connection is gone. */
async function heardOfHelp(): Promise<number> {
  await until('112 to be answered', async () => (await dialHelp()) || undefined, { timeoutMs: 150_000 });
  return await heardIn(1500);
}

/** Longer than anybody here lets a call for help wait for its next way. */
async function reachesNobody(): Promise<void> {
  const since = phone.events.length;
  await phone.command('dial', `sip:112@${registrar}`);
  await sleep(8000);
  expect(phone.events.slice(since).map(({ type }) => type)).not.toContain('CALL_ESTABLISHED');
  await phone.command('hangup');
}

async function hangUp(): Promise<void> {
  const since = phone.events.length;
  await phone.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since, timeoutMs: 60_000 });
}

it('between calls: while the box is off 112 reaches nobody, and once it is back it is answered', async () => {
  await powerOff();
  await reachesNobody();
  await powerOn();
  expect(await heardOfHelp()).toBeGreaterThan(50);
});

it('in a call: its sound ends with the box, 112 reaches nobody, and once the box is back it is answered', async () => {
  await powerOff();
  await sleep(500);
  expect(await heardIn(1000)).toBe(0);
  await hangUp();
  await reachesNobody();
  await powerOn();
  expect(await heardOfHelp()).toBeGreaterThan(50);
});
