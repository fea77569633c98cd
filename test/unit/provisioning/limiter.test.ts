import { expect, test } from 'vitest';
import { newLimiter } from '../../../appliance/provisioning/limiter.ts';

test('who asks too often is let in at the rate, and not shut out for as long as it asks', () => {
  const limiter = newLimiter({ burst: 2, perMinute: 60 });
  const taken = Array.from({ length: 121 }, (_, at) => limiter.take('site', at * 500)).filter(Boolean);
  expect(taken).toHaveLength(2 + 60);
});

test('a clock that is set back neither fills nor empties a bucket', () => {
  const limiter = newLimiter({ burst: 1, perMinute: 60 });
  expect(limiter.take('phone', 100_000)).toBe(true);
  expect(limiter.take('phone', 10_000)).toBe(false);
  expect(limiter.take('phone', 11_000)).toBe(true);
});
