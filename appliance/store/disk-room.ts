/** Room on the disk for files that come from outside. */
import { statfsSync } from 'node:fs';

/** What the parts need while such files are there. */
export const leftFreeBytes = 64 * 2 ** 20;

/** For those who aren't root, with enough left for the parts. */
export function hasRoom(directory: string, bytes: number): boolean {
  return bytes + leftFreeBytes <= freeBytes(directory);
}

/** For those who aren't root. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
