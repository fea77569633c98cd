/** What a box wrote down while its clock stood in 2099, once the clock is right again: none of it may hold until then. */
import { expect, it, onTestFinished } from 'vitest';
import { parseIpv4 } from '../../appliance/protocol/ipv4.ts';
import {
  holderOfIp,
  holdersByIp,
  leasedIpOf,
  readHeldAddresses,
} from '../../appliance/store/address-holders.ts';
import { saveInformedPhone } from '../../appliance/store/informed-phones.ts';
import { saveRelayedLease } from '../../appliance/store/relayed-leases.ts';
import { keepAnswer, readAnswer } from '../../appliance/store/answers.ts';
import { readCalls, saveCall } from '../../appliance/store/calls.ts';
import { beginOutcome, readOutcomes } from '../../appliance/store/outcomes.ts';
import { beginSession, sessionOfToken } from '../../appliance/store/sessions.ts';
import { newRefusals } from '../../appliance/provisioning/move-back.ts';
import { beginDrill, readDrills } from '../../appliance/store/drills.ts';
import { saveEmergencyCall, type EmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { giveErrand, openErrands } from '../../appliance/store/errands.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { readParts } from '../../appliance/store/site-status.ts';
import { openStore, type Transaction } from '../../appliance/store/store.ts';
import { openTelemetry } from '../../appliance/store/telemetry.ts';
import { mayBeOlder } from '../../appliance/update/needs.ts';
import { occupationOf } from '../../appliance/update/occupation.ts';
import { reasonToWait } from '../../appliance/update/window.ts';
import { fakeClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { openSite } from '../support/site.ts';

const right = Date.UTC(2026, 10, 27, 3);
const far = Date.UTC(2099, 0, 1, 3);
const mac = '00:15:65:aa:00:01';
const hour = 3_600_000;

/** Its clock stands in 2099. */
function openBox() {
  const clock = fakeClock(right);
  clock.set(far);
  const site = openSite(temporaryDirectory(), clock);
  onTestFinished(() => site[Symbol.dispose]());
  return { site, clock };
}

it('an outage that was played then is over', async () => {
  const { site } = openBox();
  await site.write('web', (tx) => beginDrill(tx, { target: '*', beganAt: far, endsAt: far + 600_000 }));
  const drills = async (now: number) => await site.write('web', ({ db }) => readDrills(db, now));
  expect(await drills(far + 1000)).toHaveLength(1);
  expect(await drills(right)).toEqual([]);
});

it('an outage that is played now goes on when the clock is put right by a minute', async () => {
  const { site } = openBox();
  await site.write('web', (tx) => beginDrill(tx, { target: mac, beganAt: right, endsAt: right + 600_000 }));
  expect(await site.write('web', ({ db }) => readDrills(db, right - 60_000))).toHaveLength(1);
});

it('a restart that was ordered then is void, and the phone can be restarted now', async () => {
  const { site, clock } = openBox();
  const order = async () =>
    await site.write('web', (tx) => giveErrand(tx, 'restart', { mac, now: clock.now() }));
  expect(await order()).toBe(true);
  expect(await order()).toBe(false);
  clock.set(right);
  expect(await site.write('web', ({ db }) => openErrands(db, right))).toEqual([]);
  expect(await order()).toBe(true);
});

it('a part that ended then is not taken for one that runs', () => {
  const { site } = openBox();
  using telemetry = openTelemetry(site.directory, 'dhcp');
  telemetry.report({ at: far, startedAt: far, health: { state: 'ok' }, counters: {} });
  const isRunning = (now: number) =>
    readParts(site.directory, wanted, now).find(({ name }) => name === 'dhcp')?.isRunning;
  expect(isRunning(far + 1000)).toBe(true);
  expect(isRunning(right)).toBe(false);
});

const wanted = {
  dhcp: true,
  provisioning: true,
  sip: true,
  rtp: true,
  location: true,
  cloud: true,
  web: true,
};

const call = (id: string, at: number): EmergencyCall => ({
  id,
  kind: 'help',
  at,
  number: '112',
  name: 'Ann',
  caller: { aor: 'sip:ann@office.example', phone: mac, source: '', transport: 'tls', contact: '' },
  endedAt: at + 60_000,
  ways: [],
  notices: [],
});

const moment = { window: '02:00-05:00', timeZone: 'UTC', now: right };

it('a call for help of then does not keep an update away, nor hide one of now', async () => {
  const { site } = openBox();
  await site.write('sip', ({ db }) => saveEmergencyCall(db, call('then', far)));
  const now = () => reasonToWait(moment, occupationOf(site.directory, right), false);
  expect(now()).toBeUndefined();
  await site.write('sip', ({ db }) => saveEmergencyCall(db, call('now', right - hour)));
  expect(now()).toBe('somebody who called for help may be called back');
});

it('who let the box go back to an older release for an hour then did not do so until 2099', () => {
  expect(mayBeOlder({ olderUntil: far + hour }, far)).toBe(true);
  expect(mayBeOlder({ olderUntil: far + hour }, right)).toBe(false);
});

it('a refusal of then counts as the first one, and a second one now moves the phone back', () => {
  const refusals = newRefusals();
  expect(refusals.isSecond(mac, 401, far)).toBe(false);
  expect(refusals.isSecond(mac, 401, right)).toBe(true);
});

it('what the journal has is not too old for a clock that leaps, and is once that has stood so for an hour', async () => {
  const clock = fakeClock(right);
  const directory = temporaryDirectory();
  const open = () => openStore({ directory, part: 'web', clock });
  const write = async (store: ReturnType<typeof open>, n: number) =>
    await store.write((tx) =>
      tx.journal({ kind: 'password_set', body: { by: 'page', remote: `10.0.0.${n}` } }),
    );
  const kept = () => {
    using reader = openReader(directory, 'web');
    return reader?.journalAfter(0, 10).map(({ kind }) => kind);
  };
  using before = open();
  await write(before, 1);
  clock.set(far);
  using store = open();
  await write(store, 2);
  await clock.advance(1000);
  await write(store, 3);
  expect(kept()).toEqual(Array.from({ length: 3 }, () => 'password_set'));
  // Put right: nothing was lost.
  clock.set(right + 2000);
  await write(store, 4);
  expect(kept()).toEqual(Array.from({ length: 4 }, () => 'password_set'));
  clock.set(far);
  await write(store, 5);
  await clock.advance(3_600_001);
  await write(store, 6);
  expect(kept()?.[0]).toBe('gap');
});

it('nor is it for a part that starts anew in that hour', async () => {
  const clock = fakeClock(right);
  const directory = temporaryDirectory();
  const life = async () => {
    using store = openStore({ directory, part: 'web', clock });
    await store.write((tx) => tx.journal({ kind: 'password_set', body: { by: 'page', remote: '10.0.0.1' } }));
    using reader = openReader(directory, 'web');
    return reader?.journalAfter(0, 10).map(({ kind }) => kind);
  };
  await life();
  clock.set(far);
  await life();
  await clock.advance(1000);
  expect(await life()).toEqual(Array.from({ length: 3 }, () => 'password_set'));
  await clock.advance(hour);
  expect((await life())?.[0]).toBe('gap');
});

function ask(tx: Transaction, orderId: string, now: number): void {
  beginOutcome(tx, { orderId, kind: 'ask', by: 'page', now });
  tx.db.exec(`UPDATE outcome SET state = 'done'`);
  keepAnswer(tx.db, orderId, { text: orderId, at: now });
}

it('lists that keep the newest rows are not full of those of then', async () => {
  const { site } = openBox();
  using box = openStore({ directory: site.directory, part: 'box', clock: fakeClock(far) });
  await box.write((tx) => {
    for (let n = 0; n < 30; n += 1) ask(tx, `then ${n}`, far + n);
    ask(tx, 'now', right);
    ask(tx, 'next', right + 1);
  });
  expect(readOutcomes(site.directory, '', 3).map(({ orderId }) => orderId)).toEqual(['next', 'now']);
  expect(readAnswer(site.directory, 'now')).toBe('now');
  const { token } = await site.write('web', (tx) => {
    for (let n = 0; n < 220; n += 1) beginSession(tx.db, { remote: '10.0.0.1', now: far + n });
    return beginSession(tx.db, { remote: '10.0.0.1', now: right });
  });
  expect(await site.write('web', ({ db }) => sessionOfToken(db, token, right))).toBeDefined();
  const calls = await site.write('sip', ({ db }) => {
    const begin = (id: string, startedAt: number) =>
      saveCall(db, { id, mac, direction: 'outbound', from: 'sip:a', to: 'sip:b', startedAt });
    for (let n = 0; n < 20; n += 1) begin(`then ${n}`, far + n);
    db.exec(`UPDATE call SET state = 'ended'`);
    for (let n = 0; n < 100; n += 1) begin(`now ${n}`, right + n * 60_000);
    return readCalls(db, 1000);
  });
  expect(calls.filter(({ startedAt }) => startedAt >= far)).toEqual([]);
});

it('calls of before are still there while a clock that was set back may be the wrong one, for an hour', async () => {
  const { site } = openBox();
  const stay = await site.write('sip', ({ db }) => {
    const begin = (n: number, startedAt: number) =>
      saveCall(db, { id: `${n}`, mac, direction: 'outbound', from: 'sip:a', to: 'sip:b', startedAt });
    for (let n = 0; n < 20; n += 1) begin(n, right + n);
    db.exec(`UPDATE call SET state = 'ended'`);
    const back = right - 30 * 24 * hour;
    const left = () => readCalls(db, 1000).filter(({ startedAt }) => startedAt >= right).length;
    // One in a hundred looks for them.
    return [0, 100].map((from) => {
      for (let n = from; n < from + 100; n += 1) begin(20 + n, back + n * 30_000);
      return left();
    });
  });
  expect(stay).toEqual([20, 0]);
});

const other = '00:15:65:aa:00:02';
const told = { vendor: 'yealink', sent: {} } as const;
const ip = parseIpv4('10.66.0.100');
const relayed = { ...told, ip, server: 1, via: '10.66.0.9', circuitId: null, remoteId: null };

it('whose address it was then is not whose it is now', async () => {
  const { site } = openBox();
  await site.write('dhcp', ({ db }) => {
    saveInformedPhone(db, { ...told, mac, ip }, far);
    saveRelayedLease(db, {
      ...relayed,
      mac,
      ip: ip + 1,
      startedAt: far,
      ackedAt: far,
      expiresAt: far + hour,
    });
  });
  const holders = async (now: number) =>
    await site.write('dhcp', ({ db }) => ({
      one: holderOfIp(db, '10.66.0.100', now)?.mac,
      relayed: holderOfIp(db, '10.66.0.101', now)?.mac,
      all: holdersByIp(readHeldAddresses(db), now).size,
      of: leasedIpOf(db, mac, now),
    }));
  expect(await holders(far + 1000)).toEqual({ one: mac, relayed: mac, all: 2, of: '10.66.0.101' });
  expect(await holders(right)).toEqual({ one: undefined, relayed: undefined, all: 0, of: undefined });
  await site.write('dhcp', ({ db }) => saveInformedPhone(db, { ...told, mac: other, ip }, right));
  expect(await holders(right + 1000)).toMatchObject({ one: other, all: 1 });
});
