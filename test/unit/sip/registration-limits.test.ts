import { expect, it } from 'vitest';
import { mostPhones } from '../../../appliance/sip/registration-limits.ts';

const gigabyte = 2 ** 30;

it.each([
  ['a quarter of a gigabyte', gigabyte / 4, 1000],
  ['what half a machine of 1 GB has', gigabyte / 2, 2105],
  ['what half a machine of 2 GB has', gigabyte, 5460],
  ['what the unit allows', 2 * gigabyte, 10_000],
  ['all there is', 64 * gigabyte, 10_000],
])('%s is enough for so many phones', (_title, memory, phones) => {
  expect(mostPhones(memory)).toBe(phones);
});
