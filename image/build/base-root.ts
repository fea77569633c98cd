/** The base root: Debian 13's essential packages and those of packages.txt, without what a box never reads. */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fixedAccounts } from './accounts.ts';
import { run } from './command.ts';
import { linesFor } from './for-processor.ts';
import { pruneModules } from './kernel-modules.ts';
import { debianArchitecture, type Supply } from './supply.ts';
import { runInside, type Tools } from './tools-tree.ts';
import { makeTree, packageList, treeEpoch, type Tree, type TreePlan } from './tree.ts';

const image = join(import.meta.dirname, '..');
export interface Base extends Tree {
  /** Name of its one kernel, such as 6.12.118+deb13-amd64. */
  readonly kernel: string;
}

/** Lines of a list that are for this machine's processor. */
function forThis(name: string): string[] {
  return linesFor(packageList(name).join('\n'), debianArchitecture());
}

export function baseRoot(supply: Supply, tools: Tools): Base {
  const modules = forThis('kernel-modules.txt');
  const accounts = readFileSync(join(image, 'root/usr/lib/sysusers.d/00-gatehouse-ids.conf'), 'utf8');
  const plan: TreePlan = {
    name: 'base',
    packages: forThis('packages.txt'),
    words: [...accountHooks(accounts), ...initramfsHooks],
    finish: (folder) => thinOut(folder, tools, modules),
    inputs: [modules, tools.hash],
    sources: ['base-root.ts', 'kernel-modules.ts'],
  };
  const tree = makeTree(plan, supply);
  return { ...tree, kernel: kernelOf(tree.folder) };
}

function accountHooks(text: string): string[] {
  const files = fixedAccounts(text, treeEpoch / 86_400);
  return Object.entries(files).map(
    ([name, lines]: [string, readonly string[]]) =>
      `--essential-hook=printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >>"$1/etc/${name}"`,
  );
}

/** The kernel's package wants a maker of initrds: it is kept from making one, and taken away when all is installed. */
const initramfsHooks = [
  '--dpkgopt=force-confold',
  '--setup-hook=mkdir -p "$1/etc/initramfs-tools"',
  '--setup-hook=echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"',
];
const initramfs = [
  'initramfs-tools',
  'initramfs-tools-core',
  'initramfs-tools-bin',
  'klibc-utils',
  'libklibc',
];

function thinOut(folder: string, tools: Tools, modules: readonly string[]): void {
  run('dpkg', [`--root=${folder}`, '--purge', '--force-depends', ...initramfs]);
  const kernel = kernelOf(folder);
  pruneModules(join(folder, 'usr/lib/modules', kernel), modules);
  // Stored plain: the file system compresses all, and at boot nothing is unpacked twice.
  const unpack = `find usr/lib/modules -name '*.ko.xz' -exec xz --decompress '{}' +; depmod --basedir=. ${kernel}`;
  runInside(tools, { [folder]: 'base' }, ['sh', '-ec', `cd /run/base; ${unpack}`]);
  const unread = [
    'usr/share/bash-completion',
    'usr/share/zsh',
    'usr/share/polkit-1',
    'usr/lib/systemd/catalog',
  ];
  for (const name of unread) rmSync(join(folder, name), { recursive: true, force: true });
}

function kernelOf(folder: string): string {
  const [version, ...others] = readdirSync(join(folder, 'usr/lib/modules'));
  if (version === undefined || others.length > 0)
    throw new Error(`one kernel is wanted in ${folder}: ${[version, ...others].join(' ')}`);
  return version;
}
