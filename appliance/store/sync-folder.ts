/** Names on disk: a file that was renamed, linked or made is there after a power cut only once its folder is synced. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
