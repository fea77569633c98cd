/** Where a backup waits for the page to send it, and one that the page took for root's side to read. */
import { join } from 'node:path';

/** Root's: sealed, so that the page may read it. The last one only. */
export function takenBackup(stateDirectory: string): string {
  return join(stateDirectory, 'box/backup');
}

/** The page's. */
export function uploadedBackup(stateDirectory: string): string {
  return join(stateDirectory, 'web/upload');
}
