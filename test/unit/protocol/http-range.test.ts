import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from '../../../appliance/protocol/http-range.ts';

test.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=2-5', { first: 2, last: 5 }],
  ['bytes=5-', { first: 5, last: 9 }],
  ['Bytes = 5 - 7', { first: 5, last: 7 }],
  ['bytes=5-99', { first: 5, last: 9 }],
  ['bytes=-3', { first: 7, last: 9 }],
  ['bytes=-99', { first: 0, last: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['', 'whole'],
  ['bytes=-', 'whole'],
  ['bytes=5-2', 'whole'],
  ['bytes=0-1,4-5', 'whole'],
  ['items=0-1', 'whole'],
  ['bytes=0x1-2', 'whole'],
  ['bytes=9999999999999999-', 'whole'],
])('%s of ten bytes', (header, expected) => {
  expect(parseRange(header, 10)).toEqual(expected);
});

test('any text is a range inside the file, the whole, or unsatisfiable', () => {
  const pieces = fc.array(fc.constantFrom('bytes', '=', '-', '0', '7', '12', ',', ' '), { maxLength: 8 });
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((some) => some.join('')),
        fc.string(),
      ),
      fc.nat(20),
      (header, size) => {
        const range = parseRange(header, size);
        const isInside =
          typeof range === 'string' || (range.first >= 0 && range.first <= range.last && range.last < size);
        expect(isInside).toBe(true);
      },
    ),
  );
});
