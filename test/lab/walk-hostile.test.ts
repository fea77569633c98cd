/** A guest on the phones' network throws what it likes at the box: no part ends, each says so in its counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdCall } from '../office/calls.ts';
import { plan } from '../office/network.ts';
import { openOffice, type Office } from '../office/office.ts';
import { callProblem } from '../office/walk.ts';
import { until } from '../support/command.ts';
import { mutations } from '../support/hostile-bytes.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { pcapFrames, sendFrames, sprayFrom } from '../support/spray.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let office: Office;

interface PartStatus {
  readonly name: string;
  readonly isRunning: boolean;
  readonly startedAt: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly health?: { readonly state: string; readonly reason?: string };
}

async function parts(): Promise<ReadonlyMap<string, PartStatus>> {
  const status = (await office.box.cli('status')) as { parts: PartStatus[] };
  return new Map(status.parts.map((part) => [part.name, part]));
}

beforeAll(async () => {
  lab = opened.use(openLab());
  office = opened.use(await openOffice(lab));
  for (const phone of office.phones) phone.powerOn();
  for (const phone of office.phones) await phone.reach('registered', 60_000);
});

afterAll(() => opened.disposeAsync());

test('malformed packets, requests, SIP and TLVs end no part, are counted, and phones go on talking', async () => {
  const before = await parts();
  const guest = await lab.namespace('guest');
  const cable = await office.network.switch.cable({
    namespace: guest,
    card: 'eth0',
    mac: '02:66:00:00:00:77',
  });
  await office.network.switch.plug(cable, plan.guestPort);
  await guest.exec(['ip', 'addr', 'add', '10.66.0.77/24', 'dev', 'eth0']);
  await guest.exec(['ip', 'route', 'add', 'default', 'dev', 'eth0']);
  const samples = join(import.meta.dirname, '../fixtures/lldp');
  const malformed = pcapFrames(readFileSync(join(samples, '10-malformed-and-edge.pcap')));
  const good = pcapFrames(readFileSync(join(samples, '01-port1-switch_and_med_class3_phone.pcap')));
  await Promise.all([
    sprayFrom(guest, plan.box),
    // LLDP ends at the switch: only the switch itself, or who stands in its place, can say anything to the box.
    sendFrames(office.network.switch.namespace, `port${plan.boxPort}`, [
      ...malformed,
      ...good.slice(0, 5).flatMap((frame, at) => mutations(frame, 60, at)),
    ]),
  ]);
  let after = await parts();
  const grown = (part: string, ...names: string[]) =>
    names.reduce(
      (sum, name) => sum + (after.get(part)?.counters[name] ?? 0) - (before.get(part)?.counters[name] ?? 0),
      0,
    );
  await until(
    'the counters to be reported',
    async () => {
      after = await parts();
      return (
        (grown('dhcp', 'malformed') > 20 && grown('sip', 'malformed', 'engine_messages_malformed') > 20) ||
        undefined
      );
    },
    { timeoutMs: 15_000, everyMs: 500, lastSeen: () => JSON.stringify([...after.values()]) },
  );
  expect(grown('location', 'malformed', 'tlvs_dropped', 'frames_over_rate')).toBeGreaterThan(20);
  expect(grown('provisioning', 'requests_refused', 'requests_unknown', 'malformed')).toBeGreaterThan(5);
  expect(office.box.isRunning()).toBe(true);
  for (const [name, part] of after) {
    expect({ name, isRunning: part.isRunning, startedAt: part.startedAt }).toEqual({
      name,
      isRunning: true,
      startedAt: before.get(name)?.startedAt,
    });
    // What comes over the wire is never an unexpected fault of ours.
    expect({ name, errors: part.counters['errors'] ?? 0 }).toEqual({ name, errors: 0 });
  }
  for (const phone of office.phones) {
    expect(
      callProblem(await holdCall(office.cloud, phone, { direction: 'inbound', talkMs: 1200 })),
    ).toBeUndefined();
  }
});

test('the guest got nothing from the cloud through the box', async () => {
  const { provisioning, journal } = await office.cloud.report();
  expect(provisioning.violations).toEqual([]);
  expect(journal.requests.filter(({ status }) => status === 401 || status === 404)).toEqual([]);
  // A well-formed REGISTER is the cloud's to judge; without an account's password nobody is registered.
  const { seen } = office.cloud.kamailio;
  const registered = new Set(seen.flatMap(({ what, fromUser }) => (what === 'registered' ? [fromUser] : [])));
  const known = [...provisioning.accounts.map(({ user }) => user), office.cloud.calleeNumber];
  expect([...registered].filter((user) => !known.includes(user))).toEqual([]);
});

test('a phone that is plugged in after that comes up like the first', async () => {
  const phone = office.phones.at(-1);
  if (phone === undefined) throw new Error('no phone');
  await phone.powerOff();
  phone.powerOn();
  await phone.reach('registered', 60_000);
  expect(
    callProblem(await holdCall(office.cloud, phone, { direction: 'outbound', talkMs: 1200 })),
  ).toBeUndefined();
});
