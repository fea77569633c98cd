/** The base root: Debian 13's essential packages and those of packages.txt, without what a box never reads. */
import { cached, inputHash } from './cache.ts';
import type { Mirror } from './mirror.ts';
import { makeTree, packageList } from './tree.ts';

export interface Base {
  readonly folder: string;
  readonly hash: string;
}

const initramfs = [
  'initramfs-tools',
  'initramfs-tools-core',
  'initramfs-tools-bin',
  'klibc-utils',
  'libklibc',
];

export function baseRoot(mirror: Mirror): Base {
  const packages = packageList('packages.txt');
  const hash = inputHash([packages], ['base-root.ts', 'tree.ts']);
  const folder = cached('base', hash, (path) =>
    makeTree(path, {
      mirror,
      variant: 'essential',
      packages,
      words: [
        // The kernel's package wants a maker of initrds: it is kept from making one, and taken away.
        '--dpkgopt=force-confold',
        '--setup-hook=mkdir -p "$1/etc/initramfs-tools"',
        '--setup-hook=echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"',
        `--customize-hook=dpkg --root="$1" --purge --force-depends ${initramfs.join(' ')}`,
      ],
    }),
  );
  return { folder, hash };
}
