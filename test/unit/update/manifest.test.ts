import { assert, constantFrom, json, jsonValue, oneof, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { parseManifest } from '../../../appliance/update/manifest.ts';
import { newerRevocations, verifiedManifest } from '../../../appliance/update/trust.ts';
import { revoke } from '../../../image/release/signing.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { announcementOf, newMaker, someManifest, trustIn } from '../../support/release.ts';
import { refusalOf } from '../../support/update-refusal.ts';

const maker = newMaker();
const trust = trustIn(maker);
const file = (name: string) => [{ ...someManifest().files[0], name }, ...someManifest().files.slice(1)];

it.each([
  ['that names a file elsewhere', { files: file('../../etc/passwd') }],
  ['that names a file below a folder', { files: file('gatehouse_0.2.0/root.erofs') }],
  ['that names a file by an absolute path', { files: file('/gatehouse_0.2.0.root.erofs') }],
  ['that names a file with a zero in it', { files: file('gatehouse_0.2.0.root\u0000.erofs') }],
  ['that names a file with two dots in it', { files: file('gatehouse_0.2.0..root.erofs') }],
  ["that names another release's file", { files: file('gatehouse_0.1.0.root.erofs') }],
  ['that names a file of a release with a longer version', { files: file('gatehouse_0.2.01.root.erofs') }],
  ['that names one file twice', { files: [...someManifest().files.slice(0, 2), someManifest().files[0]] }],
  ['with a file too few', { files: someManifest().files.slice(1) }],
  ['with a file too many', { files: [...someManifest().files, someManifest().files[0]] }],
  ['with a kernel of a gigabyte', { files: someManifest().files.map((f) => ({ ...f, size: 1024 ** 3 })) }],
  ['with an empty file', { files: someManifest().files.map((f) => ({ ...f, size: 0 })) }],
  ['with half a byte', { files: someManifest().files.map((f) => ({ ...f, size: 0.5 })) }],
  ['with a version of two numbers', { version: '0.2' }],
  ['with a version that sorts differently elsewhere', { version: '0.2.0-rc1' }],
  ['with a version that begins with a zero', { version: '0.02.0' }],
  ['with a floor above itself', { securityFloor: '0.2.1' }],
  ['that expires before it is issued', { expiresAt: '2026-01-01T00:00:00Z' }],
  ['of a day that is not in the calendar', { expiresAt: '2027-19-40T00:00:00Z' }],
  ['of another product', { product: 'lighthouse' }],
  ['for a machine that there is no image for', { architecture: 's390x' }],
  ['with a key that it does not know', { command: 'rm -rf /' }],
])('a manifest %s is refused', (_title, rest) => {
  expect(refusalOf(() => parseManifest(JSON.stringify({ ...someManifest(), ...rest })))).toBe('malformed');
});

it('any text is a manifest or refused', () => {
  assert(
    property(oneof(string(), json(), json({ maxDepth: 50 })), (text) => {
      expect(refusalOf(() => parseManifest(text))).toBe('malformed');
    }),
    { numRuns: 500 },
  );
});

it('any manifest with one value exchanged is a manifest or refused', () => {
  const keys = Object.keys(someManifest()) as (keyof ReturnType<typeof someManifest>)[];
  assert(
    property(constantFrom(...keys), jsonValue(), (key, value) => {
      expect(['malformed', undefined]).toContain(
        refusalOf(() => parseManifest(JSON.stringify({ ...someManifest(), [key]: value }))),
      );
    }),
    { numRuns: 1000 },
  );
});

it('text that nests as deep as fits is refused', () => {
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  const inside = `{"product":${deep}}`;
  for (const text of [deep, inside]) {
    expect(refusalOf(() => parseManifest(text))).toBe('malformed');
    expect(refusalOf(() => verifiedManifest(Buffer.from(text), trust))).toBe('malformed');
  }
});

it('more than a manifest can be is not even read', () => {
  expect(refusalOf(() => parseManifest(' '.repeat(65_537)))).toBe('malformed');
});

it('an announcement that was cut, flipped or overgrown is refused', () => {
  const good = announcementOf(maker);
  const list = Buffer.from(JSON.stringify(revoke([maker.keyId], maker.root)));
  for (const bytes of mutations(good, 3000, 7).filter((changed) => !changed.equals(good)))
    expect(['malformed', 'tampered', 'unknown_key']).toContain(
      refusalOf(() => verifiedManifest(bytes, trust)),
    );
  for (const bytes of mutations(list, 1000, 8).filter((changed) => !changed.equals(list)))
    expect(['malformed', 'tampered', 'unknown_key']).toContain(
      refusalOf(() => newerRevocations(bytes, { roots: trust.roots, known: 0 })),
    );
});
