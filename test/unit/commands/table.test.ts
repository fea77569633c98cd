import { expect, it } from 'vitest';
import { elapsed, formatTable } from '../../../appliance/commands/table.ts';

it('columns are as wide as their widest cell, and nothing trails', () => {
  expect(
    formatTable([
      ['A', 'BB', 'C'],
      ['long', 'b', ''],
    ]),
  ).toEqual(['A     BB  C', 'long  b']);
});

it('nothing that came off the network can steer the terminal', () => {
  expect(formatTable([['\u001B]0;owned\u0007', '\u202Eevil']])).toEqual(['·]0;owned·  ·evil']);
});

it.each([
  [-1, 'now'],
  [1500, '1 s'],
  [61_000, '1 min'],
  [7_300_000, '2 h'],
  [200_000_000, '2 days'],
])('%i ms are %s', (ms, text) => {
  expect(elapsed(ms)).toBe(text);
});
