/**
 * 112 dialled on a real phone (TLS, SRTP): with the cloud there, with the way to it cut and only a gateway on the LAN that speaks
 * plain RTP, on a phone that is not signed in, with the database locked for a minute, and with it broken. Both ends must hear.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEmergencyCalls, type EmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { storeFile } from '../../appliance/store/store.ts';
import { startBaresip, type Baresip } from '../support/baresip.ts';
import { until, words, type Running } from '../support/command.ts';
import { countRtp } from '../support/rtp-counter.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';

const settings = `[dial_plan]
country_code = "49"
[gateway]
host = "10.66.0.102"
number = "+4930555100"
[rtp]
kernel_path = "on"
`;
/** Of the emergency services, in the cloud and behind the gateway. */
const services = { user: '112', password: 'they-answer' };
/** Fifty packets a second for two seconds, less what the first moments cost. */
const talkMs = 2000;
const leastPackets = 70;

let site: SipLab;
let parts: Record<'rtp' | 'sip', Running>;
let phone: Baresip;
let cloud: Baresip;
let gateway: Baresip;

beforeAll(async () => {
  site = await openSipLab({ phones: 3, kamailio: { accounts: [...accounts, services] } });
  parts = { rtp: await site.startBox(['rtp'], settings), sip: await site.startBox(['sip'], settings) };
  phone = await site.startPhone(0, { speaksSeconds: 240 });
  cloud = await site.startRemote({ ...services, speaksSeconds: 240 });
  await phone.registered();
  await cloud.registered();
  const [, behind = site.box] = site.phones;
  gateway = await startBaresip({
    start: (command, more) => behind.start(command, more),
    directory: join(site.lab.directory, 'gateway'),
    ...services,
    domain: '10.66.0.102',
    transport: 'udp',
    port: 5060,
    registrationSeconds: 0,
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const nothing = async () => await Promise.resolve();

/** From dialling to hanging up: packets that who called heard, and who answered. */
async function callHelp(from: Baresip, services: Baresip, meanwhile = nothing): Promise<number[]> {
  const [since, answered] = [from.events.length, services.events.length];
  const before = [from, services].map(({ finished }) => finished.length);
  await from.command('dial', `sip:112@${registrar}`);
  await from.waitFor('CALL_ESTABLISHED', { since });
  await services.waitFor('CALL_ESTABLISHED', { since: answered });
  await sleep(talkMs);
  await meanwhile();
  const byBoth = meanwhile === nothing ? [from] : [from, services];
  await Promise.all(byBoth.map((end) => end.command('hangup')));
  await services.waitFor('CALL_CLOSED', { since: answered });
  const counts = [from, services].map(async ({ finished }, at) => {
    const count = await until('an end to count', () => finished[before[at] ?? 0], { timeoutMs: 5000 });
    return count.received;
  });
  return await Promise.all(counts);
}

function evidence(): EmergencyCall[] {
  using reader = openReader(site.state, 'sip');
  return reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 20 });
}

/** By which way the newest of so many was answered, once that is written down. */
async function wayOfLast(count: number): Promise<string> {
  const answered = () => {
    const all = evidence();
    return all.length < count ? undefined : all[0]?.ways.find(({ outcome }) => outcome === 'answered')?.way;
  };
  return await until('the evidence', answered, {
    timeoutMs: 15_000,
    lastSeen: () => JSON.stringify(evidence()),
  });
}

it('with the cloud there it is answered there', async () => {
  expect(Math.min(...(await callHelp(phone, cloud)))).toBeGreaterThan(leastPackets);
  expect(await wayOfLast(1)).toBe('cloud');
});

it('a call that is up outlives half a minute without any address toward the cloud, and is heard from the next one', async () => {
  const [since, answered] = [phone.events.length, cloud.events.length];
  await phone.command('dial', `sip:112@${registrar}`);
  await phone.waitFor('CALL_ESTABLISHED', { since });
  await cloud.waitFor('CALL_ESTABLISHED', { since: answered });
  await site.box.exec(words('ip addr del 192.0.2.2/24 dev wan'));
  await sleep(32_000);
  await site.box.exec(words('ip addr add 192.0.2.3/24 dev wan'));
  await site.box.exec(words('ip route add default via 192.0.2.1'));
  const ends = await Promise.all([site.phones[0] ?? site.box, site.remote].map(countRtp));
  const hear = async () => {
    const counts = await Promise.all(ends.map((count) => count()));
    return counts.every(({ heard }) => heard > leastPackets) || undefined;
  };
  expect(await until('both to hear each other', hear, { timeoutMs: 30_000 })).toBe(true);
  await phone.command('hangup');
  await cloud.waitFor('CALL_CLOSED', { since: answered });
});

it('the moment the address toward the cloud is taken away it goes out through the gateway, and both hear each other', async () => {
  await site.box.exec(words('ip addr del 192.0.2.3/24 dev wan'));
  expect(Math.min(...(await callHelp(phone, gateway)))).toBeGreaterThan(leastPackets);
  expect(await wayOfLast(3)).toBe('gateway');
  await site.box.exec(words('ip addr add 192.0.2.2/24 dev wan'));
  await site.box.exec(words('ip route add default via 192.0.2.1'));
});

it('with the way to the cloud cut it goes out through the gateway in clear, and both hear each other', async () => {
  await site.cutWan();
  expect(Math.min(...(await callHelp(phone, gateway)))).toBeGreaterThan(leastPackets);
  expect(await wayOfLast(4)).toBe('gateway');
});

it.each([
  ['the part `rtp` is', ['rtp']],
  ['both parts are', ['rtp', 'sip']],
] as const)('%s killed in such a call, and both hear each other again', async (_title, killed) => {
  const more = 3;
  const restart = async () => {
    for (const name of killed) parts[name].kill('SIGKILL');
    for (const name of killed) await parts[name].exited;
    for (const name of killed) parts[name] = await site.startBox([name], settings);
    await sleep(more * talkMs);
  };
  // A phone counts only what it can decrypt.
  const heard = await callHelp(phone, gateway, restart);
  expect(Math.min(...heard)).toBeGreaterThan((more - 1) * leastPackets + 50 * (talkMs / 1000));
});

it('a phone that is not signed in reaches the gateway too', async () => {
  const stranger = await site.startPhone(2, { password: 'nobody-knows' });
  expect(Math.min(...(await callHelp(stranger, gateway)))).toBeGreaterThan(leastPackets);
  expect(await wayOfLast(7)).toBe('gateway');
});

it('while the database is locked for a minute each call connects, and all of it is written down afterwards', async () => {
  const other = new Database(storeFile(site.state, 'sip'));
  const begin = Date.now();
  try {
    other.exec('BEGIN IMMEDIATE');
    expect(Math.min(...(await callHelp(phone, gateway)))).toBeGreaterThan(leastPackets);
    await sleep(begin + 55_000 - Date.now());
    expect(Math.min(...(await callHelp(phone, gateway)))).toBeGreaterThan(leastPackets);
    expect(Date.now() - begin).toBeGreaterThan(55_000);
    other.exec('COMMIT');
  } finally {
    other.close();
  }
  expect(await wayOfLast(9)).toBe('gateway');
});

it('with the database broken it connects', async () => {
  const file = storeFile(site.state, 'sip');
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
  expect(Math.min(...(await callHelp(phone, gateway)))).toBeGreaterThan(leastPackets);
});
