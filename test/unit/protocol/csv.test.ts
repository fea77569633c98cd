import { array, assert, constant, constantFrom, nat, oneof, property, string, tuple } from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { csvRows, parseCsv } from '../../../appliance/protocol/csv.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

it.each([
  [
    'plain',
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a BOM, CRLF and no end',
    '\uFEFFa,b\r\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'semicolons',
    'a;b\n1,5;2\n',
    [
      ['a', 'b'],
      ['1,5', '2'],
    ],
  ],
  ['quotes with all in them', '"a ""x""","b\nc",d\n', [['a "x"', 'b\nc', 'd']]],
  [
    'empty cells, and rows of nothing',
    'a,,\n\n,,\n1,2,\n',
    [
      ['a', '', ''],
      ['1', '2', ''],
    ],
  ],
  ['nothing', '', []],
])('%s', (_, text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

it.each(['"a', '"a"b', 'a\n'.repeat(20_002), ','.repeat(300), 'x'.repeat(5_000_000)])(
  'refuses what is no table, or too much of one',
  (text) => {
    expect(() => parseCsv(text)).toThrow(DecodeError);
  },
);

it('gives back what was written, whatever is in the cells', () => {
  const cell = string({ unit: constantFrom('a', '"', ',', ';', '\n', '\r', ' ', 'é') });
  const row = tuple(constant('k'), cell, cell).map(([key, ...rest]) => [key, ...rest]);
  assert(
    property(array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const written = [['x', 'y', 'z'], ...rows].map((cells) =>
        cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
      );
      expect(parseCsv(`${written.join('\r\n')}\r\n`)).toEqual([['x', 'y', 'z'], ...rows]);
    }),
  );
});

it('throws nothing but a DecodeError for any text', () => {
  // Any 16 bits, half a surrogate pair too, among the characters that mean something.
  const any = nat({ max: 0xffff }).map((code) => String.fromCharCode(code));
  const unit = oneof(constantFrom('"', ',', ';', '\n', '\r', '\uFEFF'), any);
  assert(
    property(string({ unit }), (text) => {
      expect(isReadOrRefused(() => void parseCsv(text))).toBe(true);
    }),
  );
});

const lines = (text: string) => csvRows(text).map(({ line, cells }) => [line, cells[0]]);

it('each row knows its line, whatever ends the lines and however many a cell has', () => {
  const expected = [
    [1, 'a'],
    [3, 'b'],
    [6, 'c'],
  ];
  for (const end of ['\n', '\r\n', '\r'])
    expect(
      lines(['a', '', `"b"${end}"x`, 'y",z', 'c'].join(end).replace(`"b"${end}"x`, `b,"x${end}w`)),
    ).toEqual(expected);
});
