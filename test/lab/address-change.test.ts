/** The box gets another address toward the cloud while people talk, as with a new lease of its provider. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReport } from '../../appliance/store/telemetry.ts';
import type { Baresip } from '../support/baresip.ts';
import { until, words, type Running } from '../support/command.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = '[sip]\nlocal_expires_tcp_seconds = 20\n[rtp]\nkernel_path = "on"\n';

let site: SipLab;
let sip: Running;
let phone: Baresip;
let remote: Baresip;
/** RTP of the phone, and of the one out there. */
let witness: readonly (() => Promise<RtpCount>)[];

const counter = (name: string) =>
  readReport(join(site.lab.directory, 'state'), 'rtp')?.counters[name] ?? Number.NaN;
const patience = { timeoutMs: 60_000 };

beforeAll(async () => {
  site = await openSipLab({ phones: 1 });
  await site.startBox(['rtp'], settings);
  sip = await site.startBox(['sip'], settings);
  phone = await site.startPhone(0, { speaksSeconds: 300 });
  remote = await site.startRemote({ speaksSeconds: 300 });
  await phone.registered();
  await remote.registered();
  witness = await Promise.all([site.phones[0] ?? site.box, site.remote].map(countRtp));
});

afterAll(() => site?.[Symbol.asyncDispose]());

async function callUp(): Promise<void> {
  const [here, there] = [phone.events.length, remote.events.length];
  await phone.command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_ESTABLISHED', { since: there });
  await phone.waitFor('CALL_ESTABLISHED', { since: here });
  await until('the kernel to relay', () => counter('kernel_sessions') === 1 || undefined, patience);
}

const counts = async () => await Promise.all(witness.map((count) => count()));
const heard = async () => (await counts()).map((count) => count.heard);

async function bothHear(): Promise<void> {
  const before = await heard();
  const hear = async () =>
    (await heard()).every((packets, at) => packets > (before[at] ?? 0) + 30) || undefined;
  await until('both to hear each other', hear, { timeoutMs: 10_000 });
}

const packetsPerSecond = 50;
/** One where nothing else is done meanwhile. */
const shortSeconds = 5;

/** Seconds of speech that the phone, and the one out there, did not get of each other until both hear again. */
async function silence(event: () => Promise<void>): Promise<number[]> {
  const before = await counts();
  await event();
  await bothHear();
  const after = await counts();
  const since = (at: number, what: keyof RtpCount) => (after[at]?.[what] ?? 0) - (before[at]?.[what] ?? 0);
  return [0, 1].map((at) => (since(1 - at, 'sent') - since(at, 'heard')) / packetsPerSecond);
}

/** The kernel relays on, and the router knows the card for a while: only its provider takes an address away at once. */
async function routed(address: string): Promise<void> {
  const rules = ['saddr', 'daddr'].map(
    (end) => `ip ${end} 192.0.2.0/24 ip ${end} != { 192.0.2.1, ${address} } drop;`,
  );
  const chain = `chain lease { type filter hook prerouting priority -300; ${rules.join(' ')} }`;
  const input = ['add table ip provider', 'delete table ip provider', 'table ip provider {', chain, '}', ''];
  await site.cloud.exec(['nft', '-f', '-'], { input: input.join('\n') });
}

async function addressGoes(address: string): Promise<void> {
  await routed('192.0.2.99');
  await site.box.exec(words(`ip addr del ${address}/24 dev wan`));
}

async function addressComes(address: string): Promise<void> {
  await routed(address);
  await site.box.exec(words(`ip addr add ${address}/24 dev wan`));
  await site.box.exec(words('ip route replace default via 192.0.2.1'));
}

async function addressChanges(before: string, after: string): Promise<void> {
  await addressGoes(before);
  await addressComes(after);
}

async function registeredFrom(address: string): Promise<void> {
  const isThere = () =>
    site.kamailio.seen
      .findLast(({ what, fromUser }) => what === 'registered' && fromUser === '1001')
      ?.from.startsWith(`${address}:`) || undefined;
  await until(`the phone to be registered from ${address}`, isThere, patience);
}

async function kernelRelaysAt(address: string): Promise<void> {
  await until('the kernel to relay', () => counter('kernel_sessions') === 1 || undefined, patience);
  const table = await site.box.exec(words('nft list table netdev gatehouse_media'));
  expect(table).toMatch(
    new RegExp(String.raw`203\.0\.113\.50 \. \d+ \. ${address.replaceAll('.', '\\.')} \. \d+ counter`),
  );
}

async function endedBy(reason: string): Promise<void> {
  await until('the record to end', () => site.calls()[0]?.state === 'ended' || undefined, patience);
  expect(site.calls()[0]).toMatchObject({ reason });
  await until('the ports to be free', () => counter('ports_used') === 0 || undefined, patience);
}

it('both hear each other again within a few seconds, by the kernel, and the far end can hang up', async () => {
  await callUp();
  await bothHear();
  const here = phone.events.length;
  const seconds = await silence(() => addressChanges('192.0.2.2', '192.0.2.3'));
  for (const of of seconds) expect(of).toBeLessThan(shortSeconds);
  await kernelRelaysAt('192.0.2.3');
  const usual = ['CALL_RTCP', 'REGISTER_OK'];
  expect(phone.events.slice(here).filter(({ type }) => !usual.includes(type))).toEqual([]);
  await remote.command('hangup');
  await phone.waitFor('CALL_CLOSED', { since: here });
  await endedBy('cloud hung up');
});

it('the phone is registered from the new address, its next call goes there, and follows the address back', async () => {
  await registeredFrom('192.0.2.3');
  await callUp();
  await bothHear();
  await kernelRelaysAt('192.0.2.3');
  const seconds = await silence(() => addressChanges('192.0.2.3', '192.0.2.2'));
  for (const of of seconds) expect(of).toBeLessThan(shortSeconds);
  const since = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
  await endedBy('phone hung up');
});

it('a call that a killed SIP part has left to the next one follows too', async () => {
  await registeredFrom('192.0.2.2');
  await callUp();
  await bothHear();
  sip.kill('SIGKILL');
  await sip.exited;
  sip = await site.startBox(['sip'], settings);
  const seconds = await silence(() => addressChanges('192.0.2.2', '192.0.2.3'));
  for (const of of seconds) expect(of).toBeLessThan(shortSeconds);
  expect(site.calls()[0]).toMatchObject({ state: 'up' });
  const since = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
  await endedBy('phone hung up');
});

it('a call that is dialled before the phone has registered again goes out from the new address', async () => {
  await registeredFrom('192.0.2.3');
  await addressChanges('192.0.2.3', '192.0.2.2');
  await callUp();
  expect(site.calls()[0]).toMatchObject({ state: 'up' });
  await bothHear();
  await kernelRelaysAt('192.0.2.2');
  const since = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
  await endedBy('phone hung up');
});

it('without another address the call ends for the phone within half a minute, and for the far end when there is one', async () => {
  await registeredFrom('192.0.2.2');
  await callUp();
  await bothHear();
  const [here, there] = [phone.events.length, remote.events.length];
  const begin = Date.now();
  await addressGoes('192.0.2.2');
  await phone.waitFor('CALL_CLOSED', { since: here, timeoutMs: 30_000 });
  expect(Date.now() - begin).toBeLessThan(30_000);
  await endedBy('address changed');
  await addressComes('192.0.2.3');
  await remote.waitFor('CALL_CLOSED', { since: there, timeoutMs: 60_000 });
});
