/** What an answer means, and how long to wait after it. */
import { expect, it } from 'vitest';
import { verdictOf, waitMs } from '../../../appliance/cloud/backoff.ts';

const now = Date.UTC(2026, 0, 5, 12);
const answer = (status: number, retryAfter?: string) => ({
  status,
  body: '',
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
});

it.each([
  [200, 'taken'],
  [204, 'taken'],
  [302, 'refused'],
  [400, 'refused'],
  [401, 'refused'],
  [404, 'refused'],
  [408, 'later'],
  [413, 'smaller'],
  [422, 'refused'],
  [425, 'later'],
  [429, 'later'],
  [500, 'later'],
  [503, 'later'],
])('%i means %s', (status, kind) => {
  expect(verdictOf(answer(status), now).kind).toBe(kind);
});

it.each([
  ['120', 120_000],
  [new Date(now + 90_000).toUTCString(), 90_000],
  [new Date(now - 90_000).toUTCString(), 0],
  ['99999999', 3_600_000],
  ['soon', undefined],
])('Retry-After: %s is %s ms', (value, ms) => {
  const verdict = verdictOf(answer(503, value), now);
  expect(verdict.kind === 'later' ? verdict.retryAfterMs : 'none').toBe(ms);
});

it('waits double from one second to half a minute, spread by chance, and as long as the cloud asked', () => {
  const later = verdictOf(answer(503), now);
  const slowest = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => waitMs(later, failures, 1));
  expect(slowest).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  expect(waitMs(later, 50, 0)).toBe(15_000);
  expect(waitMs(verdictOf(answer(429, '60'), now), 1, 0)).toBe(60_000);
});

it('what the cloud refuses is tried every few minutes, not every second', () => {
  expect(waitMs(verdictOf(answer(400), now), 1, 0)).toBe(150_000);
});
