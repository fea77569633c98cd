/** What the commands read must be readable: otherwise a box that runs would look as if it didn't. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { partNames } from '../store/journal-kinds.ts';

/** Throws the kernel's error, with the path, when a part's folder is there and this user may not read it. */
export function requireReadable(directory: string): void {
  for (const folder of [directory, ...partNames.map((part) => join(directory, part))]) {
    if (existsSync(folder)) accessSync(folder, constants.R_OK | constants.X_OK);
  }
}
