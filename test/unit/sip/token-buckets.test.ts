import { expect, it } from 'vitest';
import { newTokenBuckets } from '../../../appliance/net/token-buckets.ts';

const limits = { burst: 10, perSecond: 1 };

/** How many of 20 tries are allowed. */
function taken(buckets: ReturnType<typeof newTokenBuckets>, sender: string, now: number): number {
  return Array.from({ length: 20 }).filter(() => buckets.take(sender, now)).length;
}

it('a sender has its burst, then one a second, and never more than the burst again', () => {
  const buckets = newTokenBuckets(limits);
  expect(taken(buckets, 'a', 0)).toBe(10);
  expect(taken(buckets, 'a', 900)).toBe(0);
  expect(taken(buckets, 'a', 3100)).toBe(3);
  expect(taken(buckets, 'a', 3_600_000)).toBe(10);
});

it('who asks again and again with an empty bucket still gets one a second', () => {
  const buckets = newTokenBuckets(limits);
  taken(buckets, 'a', 0);
  const got = Array.from({ length: 100 }, (_, at) => buckets.take('a', (at + 1) * 100)).filter(Boolean);
  expect(got.length).toBeGreaterThanOrEqual(9);
  expect(got.length).toBeLessThanOrEqual(10);
});

it('one sender does not empty the bucket of another', () => {
  const buckets = newTokenBuckets(limits);
  taken(buckets, 'a', 0);
  expect(taken(buckets, 'b', 0)).toBe(10);
});

it('a clock that is set back neither fills nor empties', () => {
  const buckets = newTokenBuckets(limits);
  expect(buckets.take('a', 100_000)).toBe(true);
  expect(taken(buckets, 'a', 0)).toBe(9);
});

it('addresses that are made up fill nothing without end', () => {
  const buckets = newTokenBuckets(limits);
  for (let at = 0; at < 10_000; at += 1) buckets.take(`10.0.${at >> 8}.${at & 255}`, 0);
  expect(buckets.size).toBe(4096);
});
