/**
 * The emulator of the image's tests and its firmware, from Debian 13 whatever this machine runs: QEMU 10 boots the image in four
 * fifths of the time that Debian 12's takes, and knows the processor's SHA-256, by which the root is checked.
 */
import { join } from 'node:path';
import type { Supply } from './supply.ts';
import { makeTree, packageList, type Tree } from './tree.ts';

export function emulatorTree(supply: Supply): Tree {
  return makeTree(
    { name: 'emulator', packages: packageList('emulator.txt'), sources: ['emulator-tree.ts'] },
    supply,
  );
}

/** How this machine's kernel starts it out of its tree, with the libraries there and all files of this machine in sight. */
export function emulatorCommand(folder: string): string[] {
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu');
  return [
    join(folder, 'lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    libraries,
    join(folder, 'usr/bin/qemu-system-x86_64'),
    '-L',
    join(folder, 'usr/share/qemu'),
  ];
}

export function firmwareFolder(folder: string): string {
  return join(folder, 'usr/share/OVMF');
}
