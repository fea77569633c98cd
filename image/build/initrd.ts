/** The initrd: finds the disk, checks the root and makes the data partition. What is in it says initrd.conf. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Base } from './base-root.ts';
import { cached, inputHash } from './cache.ts';
import { runInside, type Tools } from './tools-tree.ts';

const image = join(import.meta.dirname, '..');

/** Path of the initrd. */
export function makeInitrd(base: Base, tools: Tools): string {
  const version = kernelVersion(base);
  const settings = readFileSync(join(image, 'initrd.conf'), 'utf8');
  const hash = inputHash([base.hash, tools.hash, settings], ['initrd.ts', 'tools-tree.ts']);
  const folder = cached('initrd', hash, (path) =>
    runInside(tools, { [base.folder]: 'base', [image]: 'image', [path]: 'out' }, [
      'sh',
      '-ec',
      script(version),
    ]),
  );
  return join(folder, 'initrd');
}

/** Of the one kernel that the base root has. */
export function kernelVersion(base: Base): string {
  const [version, ...others] = readdirSync(join(base.folder, 'usr/lib/modules'));
  if (version === undefined || others.length > 0)
    throw new Error(`one kernel is wanted in ${base.folder}: ${[version, ...others].join(' ')}`);
  return version;
}

// systemd opens libtss2 only where there is a TPM: no program in the initrd names it.
function script(version: string): string {
  return `
    mkdir /run/empty
    dracut --force --reproducible --conf /run/image/initrd.conf --confdir /run/empty \\
      --kver ${version} --kmoddir /run/base/usr/lib/modules/${version} \\
      --install "$(echo /usr/lib/*/libtss2-*.so.*)" /run/out/initrd`;
}
