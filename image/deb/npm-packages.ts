/** The npm packages that run on the box, as package-lock.json has them. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const tree = join(import.meta.dirname, '../..');

export interface NpmPackage {
  /** Folder in the tree. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly licence?: string | undefined;
  /** Of the archive it came in, hex. */
  readonly sha512?: string | undefined;
}

interface LockedEntry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

/** The runtime (`node`) is one of them. */
export function npmPackages(): NpmPackage[] {
  const lock = JSON.parse(readFileSync(join(tree, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedEntry>;
  };
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    if (path === '' || entry.dev === true || entry.devOptional === true) return [];
    // Those of other platforms are not here.
    if (entry.optional === true && !isThere(path)) return [];
    const [, digest] = /^sha512-(.+)$/.exec(entry.integrity ?? '') ?? [];
    return {
      path,
      name: path.split('node_modules/').at(-1) ?? path,
      version: entry.version ?? '',
      licence: entry.license,
      sha512: digest === undefined ? undefined : Buffer.from(digest, 'base64').toString('hex'),
    };
  });
}

function isThere(path: string): boolean {
  return lstatSync(join(tree, path), { throwIfNoEntry: false }) !== undefined;
}
