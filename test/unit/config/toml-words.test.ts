import { expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../../appliance/config.ts';

function problemOf(toml: string): string {
  try {
    parseConfig(toml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return 'none';
}

const rows: [string, string][] = [
  ['address = 10.20.0.1', 'line 2, column 16: text stands in quotes: address = "10.20.0.1"'],
  ['name = Head office # of ours', 'line 2, column 8: text stands in quotes: name = "Head office"'],
  ['name = “Head office”', 'line 2, column 8: these quotes are curly: write straight ones, "'],
  ['name = "Head office', 'line 2, column 20: the quote that begins the text has no end on this line'],
  ['name =', 'line 2, column 7: there is no value after ='],
  ['name = # later', 'line 2, column 8: there is no value after ='],
  ['isolated = yes', 'line 2, column 12: write true or false, small and without quotes'],
  ['isolated = True', 'line 2, column 12: write true or false, small and without quotes'],
  ['name: "x"', 'line 2, column 5: between a key and its value stands =, not :'],
  ['[dhcp', 'line 2, column 6: the name of a table stands between [ and ]'],
  ['name = "x";', 'line 2, column 11: after a value comes the end of its line, or # and a comment'],
  ['name = "x" // box', 'line 2, column 12: after a value comes the end of its line, or # and a comment'],
  [
    'name = "a\\qb"',
    "line 2, column 11: a backslash in a text is written twice, or the text stands between single quotes: 'a\\b'",
  ],
  [
    'pool = ["a" "b"]',
    'line 2, column 13: between the values of a list stands a comma, and ] behind the last',
  ],
  [
    'pool = ["a"\nisolated = true',
    'line 3, column 1: between the values of a list stands a comma, and ] behind the last',
  ],
  ['port = 08080', 'line 2, column 8: a number has no zeros in front'],
  ['name = "a"\nname = "b"', 'line 3, column 1: this stands further up already, and may be there once'],
];

it.each(rows)('%s is told in words of the person who wrote it', (line, words) => {
  expect(problemOf(`[site]\n${line}\n`)).toBe(words);
});
