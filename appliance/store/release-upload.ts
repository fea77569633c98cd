/** Where the page puts what an admin chose as a release. Backups leave out folders of this name. */
import { join } from 'node:path';

/** The page's: what lies there may be anything, and may become something else while it is read. */
export function uploadedRelease(stateDirectory: string): string {
  return join(stateDirectory, 'web/release');
}
