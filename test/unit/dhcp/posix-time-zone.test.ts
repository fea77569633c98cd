import { expect, test } from 'vitest';
import { posixTimeZone } from '../../../appliance/dhcp/posix-time-zone.ts';

const winter = Date.parse('2026-01-15T12:00:00Z');
const summer = Date.parse('2026-07-15T12:00:00Z');

/** As the last line of the zone's file in the tz database, but for the names. */
test.each([
  ['UTC', 'STD0'],
  ['Europe/London', 'STD0DST,M3.5.0/1,M10.5.0'],
  ['Europe/Berlin', 'STD-1DST,M3.5.0,M10.5.0/3'],
  ['Europe/Dublin', 'STD0DST,M3.5.0/1,M10.5.0'],
  ['America/New_York', 'STD5DST,M3.2.0,M11.1.0'],
  ['America/St_Johns', 'STD3:30DST,M3.2.0,M11.1.0'],
  ['America/Santiago', 'STD4DST,M9.1.6/24,M4.1.6/24'],
  ['Australia/Sydney', 'STD-10DST,M10.1.0,M4.1.0/3'],
  ['Australia/Lord_Howe', 'STD-10:30DST-11,M10.1.0,M4.1.0'],
  ['Pacific/Auckland', 'STD-12DST,M9.5.0,M4.1.0/3'],
  ['Antarctica/Troll', 'STD0DST-2,M3.5.0/1,M10.5.0/3'],
  ['Africa/Cairo', 'STD-2DST,M4.5.5/0,M10.5.4/24'],
  ['Asia/Kathmandu', 'STD-5:45'],
  ['Pacific/Marquesas', 'STD9:30'],
  ['Asia/Tokyo', 'STD-9'],
])('%s is %s (RFC 4833)', (timeZone, text) => {
  expect(posixTimeZone(timeZone, winter)).toBe(text);
  expect(posixTimeZone(timeZone, summer)).toBe(text);
});

test('a zone without a yearly rule has the offset of the moment', () => {
  // Morocco goes back an hour for the month of Ramadan.
  expect(posixTimeZone('Africa/Casablanca', summer)).toBe('STD-1');
  expect(posixTimeZone('Africa/Casablanca', Date.parse('2026-03-01T12:00:00Z'))).toBe('STD0');
});
