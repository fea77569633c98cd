/** Where packages come from, and which versions: those of the lock, or what the mirror has today. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import {
  formatLock,
  parseLock,
  type InstalledPackage,
  type LockedPackage,
  type PackageIndex,
} from './lock.ts';
import type { Mirror } from './mirror.ts';
import { readPackageIndex } from './package-index.ts';

export interface Supply {
  readonly mirror: Mirror;
  /** Absent: the mirror's current versions are wanted. */
  readonly lock?: readonly LockedPackage[];
  /** Asked of the mirror when first needed: what is cached needs no network. */
  readonly index: () => PackageIndex;
}

/** Debian's name of this machine's processor. */
export function debianArchitecture(): string {
  return run('dpkg', ['--print-architecture']).trim();
}

function lockFile(): string {
  return join(import.meta.dirname, '..', `packages.${debianArchitecture()}.lock`);
}

/** @throws when there is no lock to keep to */
export function openSupply(mirror: Mirror, isCurrent: boolean): Supply {
  let index: PackageIndex | undefined;
  const supply = { mirror, index: () => (index ??= readPackageIndex(mirror, debianArchitecture())) };
  if (isCurrent) return supply;
  const file = lockFile();
  if (!existsSync(file))
    throw new Error(
      `there is no ${file}: npm run image -- --update-lock makes it, --current-packages does without`,
    );
  return { ...supply, lock: parseLock(readFileSync(file, 'utf8')) };
}

/** Renews the lock. */
export function writeLock(packages: readonly LockedPackage[]): string {
  const file = lockFile();
  writeFileSync(file, formatLock(packages));
  return file;
}

export function installedPackages(folder: string): InstalledPackage[] {
  const format = '${Package} ${Version} ${Architecture} ${db:Status-Status}\n';
  const text = run('dpkg-query', [
    `--admindir=${join(folder, 'var/lib/dpkg')}`,
    '--show',
    `--showformat=${format}`,
  ]);
  return text.split('\n').flatMap((line) => {
    const [name = '', version = '', architecture = '', status] = line.split(' ');
    return status === 'installed' ? [{ name, version, architecture }] : [];
  });
}
