import { expect, it } from 'vitest';
import { newReturnPace } from '../../../appliance/sip/return-pace.ts';

const second = 1000;

/** When each of 200 phones is back, in seconds after the end of the outage, if it comes when it is told to. */
function back(comesAt: (phone: number) => number, early: number): number[] {
  const pace = newReturnPace(5);
  const coming = Array.from({ length: 200 }, (_, at) => ({ phone: String(at), at: comesAt(at) * second }));
  const times: number[] = [];
  while (coming.length > 0) {
    coming.sort((a, b) => a.at - b.at);
    const next = coming.shift();
    if (next === undefined) break;
    const seconds = pace.turn(next.phone, next.at);
    if (seconds === 0) times.push(next.at / second);
    else coming.push({ phone: next.phone, at: next.at + seconds * early * second });
  }
  return times.toSorted((a, b) => a - b);
}

it.each([
  ['in the same second, at the latest moment', () => 36, 1],
  ['in the same second, and each again a tenth too soon', () => 36, 0.9],
  ['in the same second, and each again in half the time', () => 36, 0.5],
  ['one after the other', (phone: number) => (phone * 36) / 200, 0.9],
  ['in three crowds', (phone: number) => [4, 20, 36][phone % 3] ?? 0, 0.9],
])('200 phones that ask %s are back in time', (_title, comesAt, early) => {
  const times = back(comesAt, early);
  expect(times).toHaveLength(200);
  expect(times[189]).toBeLessThanOrEqual(90);
  expect(times.at(-1)).toBeLessThanOrEqual(150);
  const ofSecond = Map.groupBy(times, Math.floor);
  expect(Math.max(...Array.from(ofSecond.values(), ({ length }) => length))).toBeLessThanOrEqual(12);
});

it('no more go in a second than may, and one that has had its turn goes on', () => {
  const pace = newReturnPace(5);
  const turns = Array.from({ length: 20 }, (_, at) => pace.turn(String(at), 0));
  expect(turns.filter((seconds) => seconds === 0)).toHaveLength(5);
  expect(turns.every((seconds) => seconds === 0 || seconds >= 10)).toBe(true);
  expect(turns.map((_, at) => pace.turn(String(at), 1))).toEqual(turns.map(() => 0));
  pace.forget();
  expect(Array.from({ length: 6 }, (_, at) => pace.turn(String(at), 2) === 0)).toEqual([
    ...Array.from({ length: 5 }, () => true),
    false,
  ]);
});
