/** What takes long to make is kept, under a name that holds the hash of all it was made from. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** Short, and different as soon as one of the inputs is. Words that name a file of this folder stand for its contents. */
export function inputHash(values: readonly unknown[], sources: readonly string[] = []): string {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const name of sources) hash.update(readFileSync(join(import.meta.dirname, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The cached folder `NAME-HASH`; made under another name first, so that a build that was cut off leaves nothing half. */
export function cached(name: string, hash: string, make: (path: string) => void): string {
  mkdirSync(cacheDirectory, { recursive: true });
  const path = join(cacheDirectory, `${name}-${hash}`);
  if (!existsSync(path)) {
    const partial = partialFolder(name);
    try {
      make(partial);
      if (!existsSync(path)) renameSync(partial, path);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  utimesSync(path, new Date(), new Date());
  return path;
}

/** An empty folder on the cache's own disk, to be renamed when it is whole. */
export function partialFolder(name: string): string {
  mkdirSync(cacheDirectory, { recursive: true });
  return mkdtempSync(join(cacheDirectory, `${name}.partial-`));
}

const image = join(import.meta.dirname, '..');

/** `GATEHOUSE_IMAGE_CACHE` moves it, so that several trees can share one. */
export const cacheDirectory = process.env['GATEHOUSE_IMAGE_CACHE'] ?? join(image, 'cache');
