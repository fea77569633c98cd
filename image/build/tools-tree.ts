/** The tools tree: Debian 13 with the programs that put the image together, so that the building machine's age doesn't matter. */
import { run } from './command.ts';
import type { Supply } from './supply.ts';
import { makeTree, packageList, type Tree } from './tree.ts';

export type Tools = Tree;

export function toolsTree(supply: Supply): Tools {
  return makeTree({ name: 'tools', packages: packageList('tools.txt'), sources: ['tools-tree.ts'] }, supply);
}

/** Folder of this machine → where the program sees it. */
export type Mounts = Readonly<Record<string, string>>;

/**
 * Runs a program inside the tools tree. The mounts are in a namespace of its own, so none stays behind, however it ends.
 * The tree's /tmp is empty and forgotten.
 */
export function runInside(tools: Tools, mounts: Mounts, command: readonly string[]): string {
  const script = [
    'set -e; tree=$1; shift',
    'mount -t proc proc "$tree/proc"; mount --rbind /dev "$tree/dev"; mount -t sysfs -o ro sys "$tree/sys"',
    'mount -t tmpfs -o mode=1777 tmp "$tree/tmp"; mount -t tmpfs -o mode=755 run "$tree/run"',
    'while [ "$1" != -- ]; do mkdir -p "$tree/run/$2"; mount --bind "$1" "$tree/run/$2"; shift 2; done; shift',
    'exec chroot "$tree" "$@"',
  ].join('\n');
  const pairs = Object.entries(mounts).flat();
  const inNamespace = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  return run(
    'unshare',
    [...inNamespace, 'sh', '-c', script, 'sh', tools.folder, ...pairs, '--', ...command],
    {
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TMPDIR: '/tmp' },
    },
  );
}
