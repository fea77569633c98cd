/** What must not grow: the file of the ladders, by bytes and by age. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFailedRegistrations } from '../../appliance/store/failed-registrations.ts';
import { openLadderStore, readLadder } from '../../appliance/store/ladders.ts';
import { openTelemetry, readReport } from '../../appliance/store/telemetry.ts';
import { temporaryDirectory } from '../support/directory.ts';

const day = 86_400_000;
const bounds = { days: 3, bytes: 400_000, bytesOfOne: 20_000, messagesOfOne: 10 };
const message = (ladder: string, at: number, size = 1000) => ({
  ladder,
  at: at * 1000,
  isSent: false,
  party: 'phone' as const,
  transport: 'udp' as const,
  local: '10.66.0.1:5060',
  remote: '10.66.0.23:5060',
  bytes: new Uint8Array(size),
});
const failed = (phone: string, at: number) => ({
  id: `registration-${phone}`,
  at,
  phone,
  aor: '1001@office.example',
  registrar: 'sip.example',
  source: '10.66.0.23:5060',
  transport: 'tls' as const,
  status: 403,
  reason: 'Forbidden',
});

it('the oldest go when there is too much, and the file stays small', () => {
  const directory = temporaryDirectory();
  using store = openLadderStore(directory, bounds);
  for (let at = 0; at < 2000; at += 1) {
    const messages = [0, 1, 2].map((n) => message(`call${at}`, at * 10 + n));
    store.write({ messages, failed: [] }, at * 10);
  }
  const ids = Array.from({ length: 2000 }, (_, at) => `call${at}`);
  const left = new Set(ids.filter((id) => readLadder(directory, id) !== undefined));
  expect(left.size).toBeGreaterThan(100);
  expect(left.size).toBeLessThanOrEqual(140);
  expect(left.has('call1999')).toBe(true);
  expect(readLadder(directory, 'call0')).toBeUndefined();
  expect(readLadder(directory, 'call1999')?.messages).toHaveLength(3);
  expect(statSync(join(directory, 'sip/sip.telemetry.db')).size).toBeLessThan(2.5 * bounds.bytes);
});

it('what is older than the settings say goes with the next that is written', () => {
  const directory = temporaryDirectory();
  using store = openLadderStore(directory, bounds);
  store.write({ messages: [message('old', 0), message('registration-a', 0)], failed: [failed('a', 0)] }, 0);
  store.write({ messages: [message('young', 4 * day)], failed: [failed('b', 4 * day)] }, 4 * day);
  const left = ['old', 'young', 'registration-a'].filter((id) => readLadder(directory, id) !== undefined);
  expect(left).toEqual(['young']);
  expect(readFailedRegistrations(directory, 10).map(({ phone }) => phone)).toEqual(['b']);
});

it('one ladder has so many messages and bytes and no more', () => {
  const directory = temporaryDirectory();
  using store = openLadderStore(directory, bounds);
  const many = Array.from({ length: 14 }, (_, at) => message('many', at));
  const large = Array.from({ length: 4 }, (_, at) => message('large', at, 9000));
  store.write({ messages: [...many, ...large], failed: [] }, 0);
  expect(readLadder(directory, 'many')).toMatchObject({ leftOut: 4, messages: { length: 10 } });
  expect(readLadder(directory, 'large')).toMatchObject({ leftOut: 2, messages: { length: 2 } });
});

it('phones that somebody invents take no more than their share', () => {
  const directory = temporaryDirectory();
  using store = openLadderStore(directory, bounds);
  const invented = Array.from({ length: 2100 }, (_, at) => failed(`p${at}`, at));
  store.write({ messages: [], failed: invented }, 0);
  expect(readFailedRegistrations(directory, 5000)).toHaveLength(2000);
});

it('the part’s report is in the same file, and a file of before the ladders is taken on', () => {
  const directory = temporaryDirectory();
  const report = { at: 2, startedAt: 1, health: { state: 'ok' }, counters: {} } as const;
  using telemetry = openTelemetry(directory, 'sip');
  telemetry.report(report);
  using store = openLadderStore(directory, bounds);
  store.write({ messages: [message('call', 1)], failed: [] }, 1);
  telemetry.report(report);
  expect(readReport(directory, 'sip')).toEqual(report);
  expect(readLadder(directory, 'call')?.messages).toHaveLength(1);
});

it('where sip has never run there are no ladders', () => {
  const directory = temporaryDirectory();
  expect(readLadder(directory, 'call')).toBeUndefined();
  expect(readFailedRegistrations(directory, 10)).toEqual([]);
});
