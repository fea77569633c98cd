/** Whether the data partition has room for a release: parts that can't write are worse off than a box without an update. */
import { freeBytes, leftFreeBytes } from '../store/disk-room.ts';
import { RefusedUpdateError } from './refusal.ts';

/** Throws `no_room` when so many don't fit with what the parts need. `freed`: bytes that will be free before they are needed. */
export function requireRoom(folder: string, bytes: number, freed = 0): void {
  const free = freeBytes(folder) + freed;
  if (free >= bytes + leftFreeBytes) return;
  throw noRoom(
    `${megabytes(bytes + leftFreeBytes)} MB are needed on the data partition, ${megabytes(free)} MB are free`,
  );
}

export function noRoom(words: string, cause?: unknown): RefusedUpdateError {
  return new RefusedUpdateError('no_room', `no room for the update: ${words}`, cause);
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 ** 2);
}
