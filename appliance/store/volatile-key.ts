/** A key that goes with the power: what is sealed with it can be read by a later process of this part, and by nobody from the disk. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** statfs(2): TMPFS_MAGIC and RAMFS_MAGIC. */
const inMemory: readonly number[] = [0x01021994, 0x858458f6];
const keyBytes = 32;

/**
 * `directory`: the part's own, in memory (RuntimeDirectory= of its unit). Without one, or where it is on a disk after all, the key
 * goes with the process.
 */
export function openVolatileKey(directory: string | undefined): KeyObject {
  if (directory === undefined || !inMemory.includes(statfsSync(directory).type))
    return createSecretKey(randomBytes(keyBytes));
  const file = join(directory, 'volatile.key');
  const found = existsSync(file) ? readFileSync(file) : undefined;
  if (found?.length === keyBytes) return createSecretKey(found);
  const fresh = randomBytes(keyBytes);
  writeFileSync(file, fresh, { mode: 0o600 });
  return createSecretKey(fresh);
}
