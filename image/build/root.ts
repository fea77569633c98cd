/** The root of a version: base root, program, overlay, and what both ask for (users, enabled units). Nothing in it is younger than its commit. */
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { stageTree, type Release } from '../deb/stage.ts';
import type { Base } from './base-root.ts';
import { run } from './command.ts';
import { compileProgram } from './compiled.ts';
import type { Initrd } from './initrd.ts';
import { putCopyrights, shippedPackages } from './shipped-packages.ts';
import { runInside, type Tools } from './tools-tree.ts';

const overlay = join(import.meta.dirname, '../root');

/** A version in the making. */
export interface Build {
  readonly tools: Tools;
  readonly release: Release;
  /** Folder where the steps put what they make, the root of the version (`root`) first. */
  readonly work: string;
}

export function versionRoot(
  base: Base,
  tools: Tools,
  { work, initrd }: { readonly work: string; readonly initrd: Initrd },
): Build {
  const root = join(work, 'root');
  run('cp', ['-a', '--reflink=auto', base.folder, root]);
  const stage = `${root}.stage`;
  mkdirSync(stage);
  const release = stageTree(stage);
  run('cp', ['-a', `${stage}/.`, root]);
  rmSync(stage, { recursive: true });
  copyOverlay(overlay, root);
  putCopyrights(root, tools, shippedPackages({ base, tools, initrd }));
  nameVersion(root, release);
  runInside(tools, { [root]: 'root' }, [
    'sh',
    '-ec',
    'systemd-sysusers --root=/run/root; systemctl --root=/run/root preset-all; systemd-hwdb --root=/run/root --usr update',
  ]);
  clear(root);
  // A program or library that is missing is noticed here, and not by the first box.
  runInside(tools, { [root]: 'root' }, ['chroot', '/run/root', '/usr/bin/gatehouse', 'config', 'print']);
  compileProgram(root, tools, programUsers(root));
  return { tools, release, work };
}

/** Files of the overlay belong to root; of their rights only "may be executed" counts, for that is what git keeps. */
function copyOverlay(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (lstatSync(target, { throwIfNoEntry: false }) === undefined) mkdirSync(target, { mode: 0o755 });
      copyOverlay(source, target);
    } else {
      rmSync(target, { recursive: true, force: true });
      if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
      else {
        copyFileSync(source, target);
        chmodSync(target, (lstatSync(source).mode & 0o100) === 0 ? 0o644 : 0o755);
      }
    }
  }
}

/** Numbers of those who run it: root, and the parts. */
function programUsers(root: string): number[] {
  const accounts = readFileSync(join(root, 'etc/passwd'), 'utf8');
  return [0, ...Array.from(accounts.matchAll(/^gatehouse-\w+:[^:]*:(\d+):/gm), ([, id]) => Number(id))];
}

function nameVersion(root: string, { version }: Release): void {
  const file = join(root, 'usr/lib/os-release');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text}IMAGE_ID=gatehouse\nIMAGE_VERSION=${version}\n`);
}

/** What the building left, and what is a mount on the box. */
function clear(root: string): void {
  for (const name of ['boot', 'var', 'tmp', 'run', 'root', 'home', 'srv', 'media', 'mnt', 'opt']) {
    rmSync(join(root, name), { recursive: true, force: true });
    mkdirSync(join(root, name), { mode: 0o755 });
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  chmodSync(join(root, 'root'), 0o700);
  for (const name of readdirSync(join(root, 'dev'))) rmSync(join(root, 'dev', name), { recursive: true });
  for (const name of ['etc/apt', 'etc/dpkg', 'etc/hostname', 'etc/machine-id'])
    rmSync(join(root, name), { recursive: true, force: true });
  for (const name of ['passwd-', 'group-', 'shadow-', 'gshadow-', 'subuid-', 'subgid-', '.pwd.lock'])
    rmSync(join(root, 'etc', name), { force: true });
  writeFileSync(join(root, 'etc/machine-id'), '');
  writeFileSync(join(root, 'etc/hostname'), 'gatehouse\n');
}
