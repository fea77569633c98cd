/** Whether the data partition has room for a release: parts that can't write are worse off than a box without an update. */
import { statfs } from 'node:fs/promises';

/** What must be left, bytes. */
const reserveBytes = 64 * 1024 * 1024;

/** Throws when fewer are free than that and {@link reserveBytes}. */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + reserveBytes) return;
  throw new Error(
    `no room for the update: ${megabytes(bytes + reserveBytes)} MB are needed on the data partition, ${megabytes(free)} MB are free`,
  );
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 ** 2);
}
