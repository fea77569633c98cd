import { expect, it } from 'vitest';
import { accessOf, bearerIn, sessionCookie, tokenIn } from '../../../appliance/web/access.ts';
import { newAttempts } from '../../../appliance/web/attempts.ts';
import { fateInClear } from '../../../appliance/web/guard.ts';

const nobody = {
  isSocket: false,
  isLoopback: false,
  hasPassword: true,
  openReading: false,
  session: undefined,
};
const session = { id: 's', remote: '10.0.0.1', beganAt: 1, seenAt: 1 };

const rows: [string, object, object][] = [
  ['on a network: nothing', {}, { mayRead: false, mayOrder: false, personal: false, wants: 'sign-in' }],
  ['before the first password: nothing', { hasPassword: false }, { mayRead: false, wants: 'set-up' }],
  ['signed in: all', { session }, { mayRead: true, mayOrder: true, personal: true, session }],
  ['on the Unix socket: all, and no session', { isSocket: true }, { mayRead: true, mayOrder: true }],
  ['on loopback without a password: all', { isLoopback: true, hasPassword: false }, { mayOrder: true }],
  ['on loopback with one: nothing', { isLoopback: true }, { mayRead: false, mayOrder: false }],
  [
    'where reading is open: what is open',
    { openReading: true },
    { mayRead: true, personal: false, mayOrder: false },
  ],
];

it.each(rows)('%s', (_title, asking, access) => {
  expect(accessOf({ ...nobody, ...asking })).toMatchObject(access);
});

it('a token is found among other cookies, by the name that belongs to the way it came', () => {
  const token = 'a'.repeat(43);
  expect(tokenIn(`a=b; gatehouse=${token}; c=d`, false)).toBe(token);
  expect(tokenIn(`gatehouse=${token}`, true)).toBeUndefined();
  expect(tokenIn(`__Host-gatehouse=${token}`, true)).toBe(token);
  expect(tokenIn(`xgatehouse=${token}`, false)).toBeUndefined();
  expect(tokenIn(`gatehouse=${token}"`, false)).toBeUndefined();
  expect(tokenIn(undefined, false)).toBeUndefined();
  expect(tokenIn(sessionCookie(token, true), true)).toBe(token);
});

it('a bearer token is one word', () => {
  expect(bearerIn('Bearer abc.DEF-1')).toBe('abc.DEF-1');
  expect(bearerIn('Basic abc')).toBeUndefined();
  expect(bearerIn('Bearer a b')).toBeUndefined();
});

it('each address waits twice as long with each mistake, a minute at most, and for itself alone', () => {
  const attempts = newAttempts();
  const waits = Array.from({ length: 12 }, () => {
    attempts.failed('10.0.0.1', 1000);
    return attempts.waitMs('10.0.0.1', 1000) / 1000;
  });
  expect(waits).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(attempts.waitMs('10.0.0.2', 1000)).toBe(0);
  expect(attempts.waitMs('10.0.0.1', 60_999)).toBe(1);
  expect(attempts.waitMs('10.0.0.1', 61_000)).toBe(0);
  attempts.succeeded('10.0.0.1');
  attempts.failed('10.0.0.1', 61_000);
  expect(attempts.waitMs('10.0.0.1', 61_000)).toBe(0);
});

it('a clock that is set back makes nobody wait for longer than before', () => {
  const attempts = newAttempts();
  for (let at = 0; at < 6; at += 1) attempts.failed('10.0.0.1', 500_000);
  expect(attempts.waitMs('10.0.0.1', 400_000)).toBe(4000);
});

it('a flood of addresses is remembered up to a number', () => {
  const attempts = newAttempts();
  for (let at = 0; at < 5; at += 1) attempts.failed('first', 0);
  for (let at = 0; at < 1000; at += 1) attempts.failed(`other ${at}`, 0);
  expect(attempts.waitMs('first', 0)).toBe(0);
});

it('what came in clear is led to HTTPS when it is read and refused when it is an order', () => {
  const asked = { remote: '10.0.0.9', method: 'GET', url: '/' };
  expect(fateInClear(asked)).toBe('led');
  expect(fateInClear({ ...asked, method: 'POST', url: '/api/sign-in' })).toBe('refused');
  expect(fateInClear({ ...asked, url: '/healthz' })).toBe('answered');
  expect(fateInClear({ ...asked, remote: '127.0.0.1', method: 'POST' })).toBe('answered');
});
