/** Folders for what is under way, which a kill or a power cut leaves: nobody else would ever remove them, and they hold all of a box. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Nothing takes so long. */
const abandonedMs = 3_600_000;

/** A new one, whose path begins so. Those before it that were given up go. */
export function freshFolder(path: string): string {
  const made = mkdtempSync(path);
  const { mtimeMs: now } = lstatSync(made);
  const [folder, stem] = [dirname(path), basename(path)];
  for (const name of readdirSync(folder)) {
    const other = join(folder, name);
    // By the same clock, that of the disk.
    if (name.startsWith(stem) && Math.abs(now - lstatSync(other).mtimeMs) > abandonedMs)
      rmSync(other, { recursive: true, force: true });
  }
  return made;
}
