/** Which kernel modules stay: those that kernel-modules.txt names, and what they depend on. */
import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Module files to keep, as modules.dep names them.
 * @param dependencies text of modules.dep: "kernel/fs/vfat.ko.xz: kernel/fs/fat.ko.xz …" a line (depmod(8))
 * @throws when an entry of the list names nothing: a module that was renamed must not vanish unnoticed
 */
export function keptModules(dependencies: string, wanted: readonly string[]): Set<string> {
  const needs = new Map(
    dependencies.split('\n').flatMap((line) => {
      const [file = '', rest = ''] = line.split(':');
      return file === '' ? [] : [[file, rest.split(' ').filter((word) => word !== '')] as const];
    }),
  );
  const kept = new Set<string>();
  const keep = (file: string) => {
    if (kept.has(file)) return;
    kept.add(file);
    for (const other of needs.get(file) ?? []) keep(other);
  };
  for (const entry of wanted) {
    const found = [...needs.keys()].filter((file) => isNamedBy(entry, file));
    if (found.length === 0) throw new Error(`kernel-modules.txt: this kernel has no ${entry}`);
    for (const file of found) keep(file);
  }
  return kept;
}

/** `fs/ext4` names a folder, `drivers/net/tun` a module. */
function isNamedBy(entry: string, file: string): boolean {
  return file.startsWith(`kernel/${entry}/`) || file.startsWith(`kernel/${entry}.ko`);
}

/** Takes the other modules away from a folder such as /usr/lib/modules/6.12. depmod has to run afterwards. */
export function pruneModules(folder: string, wanted: readonly string[]): void {
  const kept = keptModules(readFileSync(join(folder, 'modules.dep'), 'utf8'), wanted);
  const files = readdirSync(join(folder, 'kernel'), { recursive: true, encoding: 'utf8' });
  for (const name of files) {
    const path = join(folder, 'kernel', name);
    if (statSync(path).isFile() && !kept.has(join('kernel', name))) removeUpwards(path, folder);
  }
}

/** The file, and the folders that are empty without it. */
function removeUpwards(path: string, top: string): void {
  rmSync(path);
  let folder = dirname(path);
  while (folder !== top && existsSync(folder) && readdirSync(folder).length === 0) {
    rmdirSync(folder);
    folder = dirname(folder);
  }
}
