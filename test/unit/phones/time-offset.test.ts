import { expect, test } from 'vitest';
import { nextOffsetChange, timeOffsetSeconds } from '../../../appliance/phones/time-offset.ts';

test.each([
  ['UTC', '2026-07-01T12:00:00Z', 0],
  ['Europe/London', '2026-01-15T12:00:00Z', 0],
  ['Europe/London', '2026-07-15T12:00:00Z', 3600],
  ['America/New_York', '2026-01-15T12:00:00Z', -18_000],
  ['America/New_York', '2026-07-15T12:00:00Z', -14_400],
  ['Asia/Kathmandu', '2026-07-15T12:00:00Z', 20_700],
  ['America/St_Johns', '2026-01-15T12:00:00Z', -12_600],
  ['Pacific/Marquesas', '2026-01-15T12:00:00Z', -34_200],
  ['Pacific/Kiritimati', '2026-01-15T12:00:00Z', 50_400],
  ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 3600],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 7200],
  ['Europe/Berlin', '2026-10-25T00:59:59Z', 7200],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 3600],
  ['America/New_York', '2026-03-08T06:59:59Z', -18_000],
  ['America/New_York', '2026-03-08T07:00:00Z', -14_400],
])('%s at %s is %i seconds from UTC (G-18)', (timeZone, at, seconds) => {
  expect(timeOffsetSeconds(timeZone, Date.parse(at))).toBe(seconds);
});

test('an unknown zone is a RangeError', () => {
  expect(() => timeOffsetSeconds('Europe/Nowhere', 0)).toThrow(RangeError);
});

test('the next change is found to the second, and none where there is none', () => {
  const change = Date.parse('2026-03-29T01:00:00Z');
  const found = nextOffsetChange('Europe/Berlin', change - 3_000_000, 14_400_000) ?? 0;
  expect(found).toBeGreaterThanOrEqual(change);
  expect(found - change).toBeLessThanOrEqual(1000);
  expect(nextOffsetChange('Europe/Berlin', change, 14_400_000)).toBeUndefined();
  // Half a year and more: summer time begins and ends in between.
  expect(nextOffsetChange('Europe/Berlin', change - 1000, 250 * 86_400_000)).toBeLessThan(change + 1000);
  expect(nextOffsetChange('UTC', change - 1000, 14_400_000)).toBeUndefined();
});
