/** What is a part's alone is written by the part's own user, also when root asks: a file of root's would lock the part out. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** From here on this process is the owner of web's folder. Nothing changes for who isn't root. */
export function becomeWeb(stateDirectory: string): void {
  const folder = join(stateDirectory, 'web');
  mkdirSync(folder, { recursive: true });
  becomeOwner(folder);
}

/** From here on this process is the owner of the folder, or of the one that it will be made in. Nothing changes for who isn't root. */
export function becomeOwner(folder: string): void {
  if (!existsSync(folder)) return becomeOwner(dirname(folder));
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
