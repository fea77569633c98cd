/**
 * Which Debian packages the image has files of: those of the base root, and those of the tools tree that are in the initrd and on the boot
 * partition.
 */
import { chmodSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Base } from './base-root.ts';
import type { Initrd } from './initrd.ts';
import { packageKey, type InstalledPackage, type LockedPackage } from './lock.ts';
import { installedPackages } from './supply.ts';
import type { Tools } from './tools-tree.ts';

/** Has the boot loader, and the program at the beginning of a unified kernel image. */
const bootPackage = 'systemd-boot-efi';

export interface Makings {
  readonly base: Base;
  readonly tools: Tools;
  readonly initrd: Initrd;
}

export function shippedPackages({ base, tools, initrd }: Makings): LockedPackage[] {
  return shippedOf({
    base: base.packages,
    remaining: installedPackages(base.folder),
    tools: tools.packages,
    fromTools: [bootPackage, ...initrd.packages],
  });
}

interface Trees {
  readonly base: readonly LockedPackage[];
  /** Some of the base root's are taken away again once all are installed. */
  readonly remaining: readonly InstalledPackage[];
  readonly tools: readonly LockedPackage[];
  /** Names. */
  readonly fromTools: readonly string[];
}

/** Each package once, the base root's first. Throws for one that no tree has. */
export function shippedOf({ base, remaining, tools, fromTools }: Trees): LockedPackage[] {
  const kept = new Set(remaining.map(packageKey));
  const ofBase = base.filter((row) => kept.has(packageKey(row)));
  const known = new Set(ofBase.map(packageKey));
  const added = fromTools.map((name) => {
    const row = tools.find((other) => other.name === name);
    if (row === undefined)
      throw new Error(`the image has files of ${name}, which the tools tree does not have`);
    return row;
  });
  return [...ofBase, ...added.filter((row) => !known.has(packageKey(row)))];
}

/** What the tools tree's packages may be given on by goes where Debian has it. */
export function putCopyrights(root: string, tools: Tools, packages: readonly LockedPackage[]): void {
  for (const { name } of packages.filter(({ tree }) => tree === 'tools')) {
    const folder = join('usr/share/doc', name);
    if (existsSync(join(root, folder, 'copyright'))) continue;
    mkdirSync(join(root, folder), { recursive: true });
    // Whatever the builder's mask is.
    chmodSync(join(root, folder), 0o755);
    cpSync(join(tools.folder, folder, 'copyright'), join(root, folder, 'copyright'), { dereference: true });
  }
}
