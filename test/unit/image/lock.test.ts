import { expect, it } from 'vitest';
import {
  differences,
  formatLock,
  lockOf,
  notOnMirror,
  parseLock,
  pins,
  type LockedPackage,
} from '../../../image/build/lock.ts';
import { parsePackages } from '../../../image/build/package-index.ts';

const sha256 = 'a'.repeat(64);
const bash: LockedPackage = {
  tree: 'base',
  name: 'bash',
  version: '5.2.37-2+b10',
  architecture: 'amd64',
  sha256,
};
const index = parsePackages(
  `Package: bash\nVersion: 5.2.37-2+b10\nArchitecture: amd64\nDescription: shell\n a line: more\nSHA256: ${sha256}\n\nPackage: tzdata\nVersion: 2026f-0\nArchitecture: all\nSHA256: ${'b'.repeat(64)}\n`,
);

it('a lock that was written is read as the same', () => {
  const rows = [bash, { ...bash, tree: 'tools' as const }];
  expect(parseLock(formatLock(rows))).toEqual(rows);
});

it('the lock stands in one order, whatever the order of installing', () => {
  const other = { ...bash, name: 'apt' };
  expect(formatLock([bash, other])).toBe(formatLock([other, bash]));
});

it('a damaged line of the lock is named', () => {
  expect(() => parseLock('# remark\nbase bash 5.2')).toThrow('line 2 of the lock is none: base bash 5.2');
});

it('a package that vanished from the mirror is named with its version', () => {
  expect(notOnMirror([bash], index)).toEqual([]);
  expect(notOnMirror([{ ...bash, version: '5.2.37-1' }], index)).toEqual([
    'bash 5.2.37-1 (amd64) is not on the mirror any more',
  ]);
});

it('a package with the same version and other bytes is not taken for the same', () => {
  expect(notOnMirror([{ ...bash, sha256: 'c'.repeat(64) }], index)).toEqual([
    'bash 5.2.37-2+b10 (amd64) is another file on the mirror',
  ]);
});

it('what was installed without being in the lock, and the other way round, is named', () => {
  const installed = [{ name: 'tzdata', version: '2026f-0', architecture: 'all' }];
  expect(differences([bash], installed)).toEqual([
    'tzdata 2026f-0 all was installed and is not in the lock',
    'bash 5.2.37-2+b10 amd64 is in the lock and was not installed',
  ]);
  expect(differences([bash], [bash])).toEqual([]);
});

it('a new lock takes the hashes of the signed index, and refuses what is in none', () => {
  expect(lockOf('base', [bash], index)).toEqual([bash]);
  expect(() => lockOf('base', [{ ...bash, version: '9' }], index)).toThrow('bash 9 amd64');
});

it('apt is told to prefer the version of the lock to every other', () => {
  expect(pins([bash])).toBe('Package: bash\nPin: version 5.2.37-2+b10\nPin-Priority: 1001\n');
});
