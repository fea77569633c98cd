/** The initrd: finds the disk, checks the root and makes the data partition. What is in it says initrd.conf. */
import { lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Base } from './base-root.ts';
import { cached, inputHash } from './cache.ts';
import { linesFor } from './for-processor.ts';
import { debianArchitecture } from './supply.ts';
import { runInside, type Tools } from './tools-tree.ts';

const image = join(import.meta.dirname, '..');

export interface Initrd {
  readonly file: string;
  /** Names of the packages of the tools tree that its files are from: dracut copies them from there, not from the base root. */
  readonly packages: readonly string[];
}

export function makeInitrd(base: Base, tools: Tools): Initrd {
  const settings = linesFor(readFileSync(join(image, 'initrd.conf'), 'utf8'), debianArchitecture()).join(
    '\n',
  );
  const hash = inputHash([base.hash, tools.hash, settings, ...overlay()], ['initrd.ts', 'tools-tree.ts']);
  const folder = cached('initrd', hash, (path) => {
    writeFileSync(join(path, 'initrd.conf'), settings);
    runInside(tools, { [base.folder]: 'base', [image]: 'image', [path]: 'out' }, [
      'sh',
      '-ec',
      script(base.kernel),
    ]);
  });
  const packages = readFileSync(join(folder, 'packages'), 'utf8').trim().split('\n');
  return { file: join(folder, 'initrd'), packages };
}

// systemd opens libtss2, and libcryptsetup its way to the TPM, only where there is one: no program in the initrd names them.
function script(version: string): string {
  return `
    mkdir /run/empty; cp -r --preserve=mode /run/image/initrd /tmp/overlay; chmod -R go-w /tmp/overlay
    dracut --force --reproducible --conf /run/out/initrd.conf --confdir /run/empty \\
      --kver ${version} --kmoddir /run/base/usr/lib/modules/${version} \\
      --install "$(echo /usr/lib/*/libtss2-*.so.* /usr/lib/*/cryptsetup/*-tpm2.so)" --include /tmp/overlay / /run/out/initrd
    zstd --decompress --stdout /run/out/initrd | cpio --list --verbose --quiet | awk '!/^d/ { print "/" $9 }' >/tmp/files
    # It tells those that belong to nobody by its exit code.
    xargs dpkg-query --search </tmp/files >/tmp/owners 2>/dev/null || true
    sed 's/[:,].*//' /tmp/owners | sort -u >/run/out/packages`;
}

/** Names, rights and contents of our own files in the initrd. */
function overlay(): string[] {
  const folder = join(image, 'initrd');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const stat = lstatSync(join(folder, name));
      if (stat.isSymbolicLink()) return `${name} ${readlinkSync(join(folder, name))}`;
      return `${name} ${stat.mode & 0o100} ${stat.isFile() ? readFileSync(join(folder, name), 'utf8') : ''}`;
    });
}
