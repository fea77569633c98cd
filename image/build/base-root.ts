/** The base root: Debian 13's essential packages and those of packages.txt, without what a box never reads. */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fixedAccounts } from './accounts.ts';
import { cached, inputHash } from './cache.ts';
import { run } from './command.ts';
import { pruneModules } from './kernel-modules.ts';
import type { Mirror } from './mirror.ts';
import { runInside, type Tools } from './tools-tree.ts';
import { makeTree, packageList, treeEpoch } from './tree.ts';

const image = join(import.meta.dirname, '..');
const sources = ['base-root.ts', 'tree.ts', 'kernel-modules.ts', 'accounts.ts'];

export interface Base {
  readonly folder: string;
  readonly hash: string;
  /** Name of its one kernel, such as 6.12.118+deb13-amd64. */
  readonly kernel: string;
}

export function baseRoot(mirror: Mirror, tools: Tools): Base {
  const packages = packageList('packages.txt');
  const modules = packageList('kernel-modules.txt');
  const accounts = readFileSync(join(image, 'root/usr/lib/sysusers.d/00-gatehouse-ids.conf'), 'utf8');
  const hash = inputHash([packages, modules, accounts, tools.hash], sources);
  const folder = cached('base', hash, (path) => {
    const words = [...accountHooks(accounts), ...initramfsHooks];
    makeTree(path, { mirror, variant: 'essential', packages, words });
    thinOut(path, modules);
    runInside(tools, { [path]: 'base' }, ['depmod', '--basedir=/run/base', kernelOf(path)]);
  });
  return { folder, hash, kernel: kernelOf(folder) };
}

function accountHooks(text: string): string[] {
  const files = fixedAccounts(text, treeEpoch / 86_400);
  return Object.entries(files).map(
    ([name, lines]: [string, readonly string[]]) =>
      `--essential-hook=printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >>"$1/etc/${name}"`,
  );
}

/** The kernel's package wants a maker of initrds: it is kept from making one, and taken away. */
const initramfsHooks = [
  '--dpkgopt=force-confold',
  '--setup-hook=mkdir -p "$1/etc/initramfs-tools"',
  '--setup-hook=echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"',
  '--customize-hook=dpkg --root="$1" --purge --force-depends initramfs-tools initramfs-tools-core initramfs-tools-bin klibc-utils libklibc',
];

function thinOut(folder: string, modules: readonly string[]): void {
  const modulesFolder = join(folder, 'usr/lib/modules', kernelOf(folder));
  pruneModules(modulesFolder, modules);
  // Stored plain: the file system compresses all, and at boot nothing is unpacked twice.
  run('find', [join(modulesFolder, 'kernel'), '-name', '*.ko.xz', '-exec', 'xz', '--decompress', '{}', '+']);
  for (const name of ['boot/System.map*', 'usr/share/bash-completion', 'usr/share/zsh', 'usr/share/polkit-1'])
    run('sh', ['-c', `rm -rf "$1"/${name}`, 'sh', folder]);
  rmSync(join(folder, 'usr/lib/systemd/catalog'), { recursive: true, force: true });
}

function kernelOf(folder: string): string {
  const [version, ...others] = readdirSync(join(folder, 'usr/lib/modules'));
  if (version === undefined || others.length > 0)
    throw new Error(`one kernel is wanted in ${folder}: ${[version, ...others].join(' ')}`);
  return version;
}
