import { expect, it } from 'vitest';
import { newRegistrarRests } from '../../../appliance/sip/registrar-rests.ts';

const says = (phone: string, status: number, retryAfter?: string) => ({
  phone,
  response: {
    status,
    headers: retryAfter === undefined ? [] : [{ name: 'Retry-After', value: retryAfter }],
  },
});

it('one that names a time to two phones is left alone for as long, and phones come back over half a minute more', () => {
  const rests = newRegistrarRests();
  rests.heard('a', says('1', 503, '90'), 0);
  rests.heard('a', says('2', 503, '40 (maintenance)'), 1000);
  const told = Array.from({ length: 200 }, () => rests.left('a', 1000));
  expect([Math.min(...told) >= 40, Math.max(...told) <= 70, new Set(told).size > 5]).toEqual([
    true,
    true,
    true,
  ]);
  expect(rests.left('a', 40_999)).toBeGreaterThanOrEqual(10);
  expect(rests.left('a', 41_000)).toBe(0);
  expect(rests.left('b', 1000), 'another one').toBe(0);
});

it('what it says to one phone, however often, keeps no other away', () => {
  const rests = newRegistrarRests();
  for (let at = 0; at < 5; at += 1) {
    rests.heard('a', says('1', 503, '40'), at * 1000);
    expect(rests.left('a', at * 1000)).toBe(0);
  }
  rests.heard('a', says('2', 200), 5000);
  rests.heard('a', says('3', 503, '40'), 6000);
  expect(rests.left('a', 6000), 'others were taken meanwhile').toBe(0);
});

it('what it said to another one is forgotten when its time is over', () => {
  const rests = newRegistrarRests();
  rests.heard('a', says('1', 503, '40'), 0);
  rests.heard('a', says('2', 503, '40'), 40_000);
  expect(rests.left('a', 40_000)).toBe(0);
});

it('503 without a time says nothing', () => {
  const rests = newRegistrarRests();
  rests.heard('a', says('1', 503), 0);
  rests.heard('a', says('2', 503), 0);
  expect(rests.left('a', 0)).toBe(0);
});

it('nobody keeps a site away for more than five minutes', () => {
  const rests = newRegistrarRests();
  for (const phone of ['1', '2']) rests.heard('a', says(phone, 503, '86400'), 0);
  expect(rests.left('a', 0)).toBeLessThanOrEqual(330);
  expect(rests.left('a', 300_000)).toBe(0);
});
