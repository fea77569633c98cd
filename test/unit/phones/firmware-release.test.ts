import { expect, test } from 'vitest';
import { fileProblem, releaseProblem, typedRelease } from '../../../appliance/phones/firmware-release.ts';

test.each([
  ['T46S', '66.86.5.1', { vendor: 'yealink', model: 'T46S', version: '66.86.5.1' }],
  ['SIP-T46S', '66.86.5.1', { vendor: 'yealink', model: 'T46S', version: '66.86.5.1' }],
  ['Edge E450', '8.2.2.1176', { vendor: 'poly', model: 'Edge_E450', version: '8.2.2.1176' }],
  ['8841', '12-0-3MPP', { vendor: 'cisco', model: '8841', version: '12-0-3MPP' }],
])('what is typed as %s, %s is a release of a folder', (model, version, release) => {
  expect(typedRelease(model, version)).toEqual(release);
});

test.each([
  ['', '66.86.5.1', /no such model/],
  ['T99X', '66.86.5.1', /no such model/],
  ['../T46S', 'latest', /such as 66\.86\.5\.1$/],
  ['T46S', '', /such as 66\.86\.5\.1$/],
  ['T46S', '../..', /no version/],
  ['T46S', '66.86.5.1/../..', /no version/],
  ['T46S', '66.86.5.1\0', /no version/],
])('what is typed as "%s", "%s" is refused', (model, version, words) => {
  expect(typedRelease(model, version)).toMatch(words);
});

test('a folder that is no release says why', () => {
  expect(releaseProblem({ vendor: 'yealink', model: 'T46S', version: '66.86.5.1' })).toBeUndefined();
  expect(releaseProblem({ vendor: 'poly', model: 'T46S', version: '66.86.5.1' })).toMatch(/no model/);
  expect(releaseProblem({ vendor: 'yealink', model: '..', version: '66.86.5.1' })).toMatch(/characters/);
});

test.each([
  ['T46S-66.86.5.1.rom', 1, undefined],
  ['sip.ld', 2 ** 30, undefined],
  ['sip.ld', 2 ** 30 + 1, 'is larger than 1073741824 bytes'],
  ['sip.ld', 0, 'is empty'],
  ['SHA256SUMS', 1, 'this is the name of the list of hashes'],
  ['.sip.ld', 1, 'its name has characters that no URL has'],
  ['two words.rom', 1, 'its name has characters that no URL has'],
  ['a/b', 1, 'its name has characters that no URL has'],
  ['a\n', 1, 'its name has characters that no URL has'],
  ['x'.repeat(129), 1, 'its name has characters that no URL has'],
])('the file "%s" of %i bytes is judged', (name, bytes, problem) => {
  expect(fileProblem(name, bytes)).toBe(problem);
});
