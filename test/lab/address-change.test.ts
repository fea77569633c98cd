/** The box gets another address toward the cloud while people talk, as with a new lease of its provider. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReport } from '../../appliance/store/telemetry.ts';
import type { Baresip } from '../support/baresip.ts';
import { until, words } from '../support/command.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = '[sip]\nlocal_expires_tcp_seconds = 20\n[rtp]\nkernel_path = "on"\n';

let site: SipLab;
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
  await site.startBox(['sip'], settings);
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

const heard = async () => (await Promise.all(witness.map((count) => count()))).map((count) => count.heard);

async function bothHear(): Promise<void> {
  const before = await heard();
  const hear = async () =>
    (await heard()).every((packets, at) => packets > (before[at] ?? 0) + 30) || undefined;
  await until('both to hear each other', hear, { timeoutMs: 5000 });
}

async function newAddress(): Promise<void> {
  for (const command of [
    'ip addr del 192.0.2.2/24 dev wan',
    'ip addr add 192.0.2.3/24 dev wan',
    'ip route replace default via 192.0.2.1',
  ])
    await site.box.exec(words(command));
}

it('a call whose address goes ends for both within half a minute, says why, and leaves nothing behind', async () => {
  await callUp();
  await bothHear();
  const [here, there] = [phone.events.length, remote.events.length];
  const begin = Date.now();
  await newAddress();
  await phone.waitFor('CALL_CLOSED', { since: here, timeoutMs: 30_000 });
  await remote.waitFor('CALL_CLOSED', { since: there, timeoutMs: 30_000 });
  expect(Date.now() - begin).toBeLessThan(30_000);
  await until('the record to end', () => site.calls()[0]?.state === 'ended' || undefined, patience);
  expect(site.calls()[0]).toMatchObject({ reason: 'address changed' });
  await until('the ports to be free', () => counter('ports_used') === 0 || undefined, patience);
});

it('the phone is registered from the new address, and its next call goes through the kernel there', async () => {
  const isThere = () =>
    site.kamailio.seen.some(
      ({ what, fromUser, from }) =>
        what === 'registered' && fromUser === '1001' && from.startsWith('192.0.2.3:'),
    ) || undefined;
  await until('the phone to be registered again', isThere, patience);
  await callUp();
  await bothHear();
  const table = await site.box.exec(words('nft list table netdev gatehouse_media'));
  expect(table).toMatch(/203\.0\.113\.50 \. \d+ \. 192\.0\.2\.3 \. \d+ counter/);
  const since = remote.events.length;
  await phone.command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
});
