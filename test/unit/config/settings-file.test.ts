import { expect, it } from 'vitest';
import { mostFileBytes, settingsFileProblem } from '../../../appliance/config/settings-file.ts';

it.each(['cloud.token', 'Company-CA.pem', 'switch_3', 'x'])('%s is a name for a file of the site', (name) => {
  expect(settingsFileProblem(name, 'text')).toBeUndefined();
});

it.each([
  '',
  '.',
  '..',
  '../x',
  'a/b',
  '.hidden',
  '-rf',
  'a b',
  'a\n',
  'ä',
  'a'.repeat(64),
  'Gatehouse.toml',
  'gatehouse.toml.before',
])('%j is none', (name) => {
  expect(settingsFileProblem(name, 'text')).toMatch(/name|form above/);
});

it('a token for the page is as long as the page wants it, or the page would not start', () => {
  const key = 'web.metrics_token_file';
  expect(settingsFileProblem('metrics.token', 'fifteen-letters\nmore', key)).toMatch(/at least 16/);
  expect(settingsFileProblem('metrics.token', 'sixteen-letters!\n', key)).toBeUndefined();
});

it.each([
  ['nothing', ' \n', /empty/],
  ['bytes', 'a\0b', /no text/],
  ['too much', 'ä'.repeat(mostFileBytes / 2 + 1), /larger than 64 KiB/],
])('%s is not put in', (_title, text, words) => {
  expect(settingsFileProblem('cloud.token', text)).toMatch(words);
});
