import { expect, test } from 'vitest';
import { patienceMs, phonesToMoveBack } from '../../../appliance/provisioning/unregistered.ts';
import type { Binding } from '../../../appliance/store/bindings.ts';
import type { PhoneConfiguration } from '../../../appliance/store/phone-configurations.ts';

const start = Date.UTC(2026, 0, 5, 12);
const minute = 60_000;

const macOf = (at: number) => `00:15:65:aa:00:${at.toString(16).padStart(2, '0')}`;

const phone = (at: number, more: Partial<PhoneConfiguration> = {}): PhoneConfiguration => ({
  mac: macOf(at),
  ip: `10.66.0.${at}`,
  userAgent: '',
  stage: 3,
  at: start,
  status: 200,
  posture: 'full',
  postureAt: start - minute,
  account: 'final',
  ...more,
});

const binding = (at: number, more: Partial<Binding> = {}): Binding => ({
  aor: 'sip:a@example.com',
  mac: macOf(at),
  contact: 'sip:a@10.66.0.1',
  source: `10.66.0.${at}:1024`,
  transport: 'tls',
  registeredAt: start,
  expiresAt: start + 60 * minute,
  localExpiresAt: start,
  state: 'registered',
  ...more,
});

/** Who is given back at the end of the patience, when all stays as it is and every phone goes on asking. */
function afterPatience(phones: readonly PhoneConfiguration[], bindings: readonly Binding[]): string[] {
  const since = new Map<string, number>();
  const look = (now: number) => {
    const configurations = phones.map((one) => ({ ...one, at: one.at + (now - start) }));
    return phonesToMoveBack({ configurations, bindings, now, monotonic: now - start }, since).map(
      ({ mac }) => mac,
    );
  };
  expect(look(start)).toEqual([]);
  expect(look(start + patienceMs - 1)).toEqual([]);
  return look(start + patienceMs);
}

test('a phone that asks for its configuration as ever and is not registered, while another one is, goes back', () => {
  expect(afterPatience([phone(1), phone(2)], [binding(2)])).toEqual([macOf(1)]);
});

test('a registration that was lost is none, and one that is only late is one', () => {
  const phones = [phone(1), phone(2), phone(3)];
  const bindings = [binding(1, { state: 'lost' }), binding(2, { state: 'late' }), binding(3)];
  expect(afterPatience(phones, bindings)).toEqual([macOf(1)]);
});

test('a registration whose phone is known by its address only counts', () => {
  const { mac: _mac, ...nameless } = binding(1);
  expect(afterPatience([phone(1), phone(2)], [nameless, binding(2)])).toEqual([]);
});

test('the only phone of a site goes back; of several none while none is registered', () => {
  expect(afterPatience([phone(1)], [])).toEqual([macOf(1)]);
  expect(afterPatience([phone(1), phone(2)], [])).toEqual([]);
});

test('when many are not registered it is not the phones', () => {
  const phones = Array.from({ length: 12 }, (_, at) => phone(at + 1));
  const registered = (from: number) => phones.slice(from).map((_, at) => binding(from + at + 1));
  expect(afterPatience(phones, registered(3))).toHaveLength(3);
  expect(afterPatience(phones, registered(4))).toEqual([]);
});

test.each([
  ['is not led through the box for SIP', { posture: 'provision' }],
  ['has no account yet', { account: undefined }],
  ['was moved up more than a day ago', { postureAt: start - 24 * 60 * minute }],
  ['was moved up before anybody wrote down when', { postureAt: undefined }],
  ['is silent itself', { at: start - 16 * minute }],
] as const)('a phone that %s stays', (_, more) => {
  expect(afterPatience([phone(1, more as Partial<PhoneConfiguration>), phone(2)], [binding(2)])).toEqual([]);
});

test('a phone that registers meanwhile begins anew', () => {
  const since = new Map<string, number>();
  const look = (now: number, bindings: readonly Binding[]) =>
    phonesToMoveBack(
      {
        configurations: [phone(1, { at: now }), phone(2, { at: now })],
        bindings,
        now,
        monotonic: now - start,
      },
      since,
    );
  look(start, [binding(2)]);
  look(start + 10 * minute, [binding(1), binding(2)]);
  expect(look(start + patienceMs, [binding(2)])).toEqual([]);
});

test('a clock that is set on by hours moves nobody back who has only just begun', () => {
  const since = new Map<string, number>();
  const look = (now: number, monotonic: number) =>
    phonesToMoveBack({ configurations: [phone(1, { at: now })], bindings: [], now, monotonic }, since);
  look(start, 0);
  expect(look(start + 8 * 60 * minute, minute)).toEqual([]);
  expect(look(start + 8 * 60 * minute + patienceMs, patienceMs)).toHaveLength(1);
});
