/** What is the page's alone is written by the page's own user, also when root asks: a file of root's would lock the page out. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** From here on this process is the owner of web's folder. Nothing changes for who isn't root. */
export function becomeWeb(stateDirectory: string): void {
  const folder = join(stateDirectory, 'web');
  mkdirSync(folder, { recursive: true });
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
