import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressSpace } from '../../../appliance/dhcp/address-space.ts';

const top = 0xff_ff_ff_ff;

test('addresses of several ranges are numbered without holes, in order', () => {
  const space = addressSpace([
    { first: 20, last: 21 },
    { first: 10, last: 12 },
    { first: top, last: top },
  ]);
  const numbered = Array.from({ length: space.size }, (_, at) => space.addressAt(at));
  expect(numbered).toEqual([10, 11, 12, 20, 21, top]);
  expect(space.indexOf(13)).toBeUndefined();
  expect(space.indexOf(9)).toBeUndefined();
  expect(addressSpace([]).indexOf(0)).toBeUndefined();
  expect(() => space.addressAt(6)).toThrow(RangeError);
});

test('whatever the ranges, each address in them has one number and back', () => {
  const range = fc.tuple(fc.nat(300), fc.nat(30)).map(([first, length]) => ({ first, last: first + length }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const space = addressSpace(ranges);
      const inside = Array.from({ length: 340 }, (_, ip) => ip).filter((ip) =>
        ranges.some(({ first, last }) => ip >= first && ip <= last),
      );
      expect(inside.map((ip) => space.indexOf(ip))).toEqual(inside.map((_, at) => at));
      expect(inside.map((_, at) => space.addressAt(at))).toEqual(inside);
      expect(space.size).toBe(inside.length);
    }),
  );
});
