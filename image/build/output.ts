/** What a build leaves in image/out: the disk for machines, the files of an update, and the sums of all. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  openSync,
  readSync,
  closeSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, words } from './command.ts';
import type { Filesystem } from './filesystem.ts';
import type { Build } from './root.ts';
import { runInside } from './tools-tree.ts';

/** `gatehouse_VERSION_ARCHITECTURE`, which all names in the folder begin with. */
export function outputName({ release }: Build): string {
  return `gatehouse_${release.version}_${release.architecture}`;
}

/** The disk as it is written to a disk or stick. */
export function putDisk(build: Build, out: string): string {
  const file = join(out, `${outputName(build)}.raw`);
  run('cp', ['--sparse=always', join(build.work, 'disk.raw'), file]);
  return file;
}

/**
 * Root, hashes and kernel for systemd-sysupdate, which takes the partitions' UUIDs from the names.
 * @param isPacked the root as .xz: systemd 257 unpacks that (and not zstd)
 */
export function putUpdate(
  build: Build,
  { rootUuid, verityUuid }: Filesystem,
  options: { out: string; isPacked: boolean },
): void {
  const folder = join(options.out, `${outputName(build)}.update`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const name = `gatehouse_${build.release.version}`;
  const root = `${name}_${rootUuid}.root.erofs`;
  const copy = (from: string, to: string) => run('cp', [join(build.work, from), join(folder, to)]);
  copy('root.erofs', root);
  copy('root.verity', `${name}_${verityUuid}.verity`);
  copy('gatehouse.efi', `${name}.efi`);
  for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o644);
  if (options.isPacked)
    runInside(build.tools, { [folder]: 'update' }, words(`xz -2 --threads=0 /run/update/${root}`));
}

/** What a firmware needs to be told to know our key. */
export function putEnrolment(build: Build, out: string): void {
  run('cp', ['-r', join(build.work, 'enrol'), join(out, `${outputName(build)}.secure-boot`)]);
}

/** The disk for carrying around: .raw.zst to be written to a disk, .qcow2 for hypervisors. */
export function putPackedDisks(build: Build, out: string): void {
  const mounts = { [out]: 'out' };
  const disk = `/run/out/${outputName(build)}`;
  runInside(build.tools, mounts, words(`zstd --quiet --force --threads=0 -9 ${disk}.raw -o ${disk}.raw.zst`));
  const qcow2 = words('qemu-img convert -q -O qcow2 -c -o compression_type=zstd');
  runInside(build.tools, mounts, [...qcow2, `${disk}.raw`, `${disk}.qcow2`]);
}

/** Takes away what an earlier build of the same version left, so that no sum speaks of an older file. */
export function clearOutput(build: Build, out: string): void {
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out))
    if (name.startsWith(`${outputName(build)}.`) && !name.endsWith('.deb'))
      rmSync(join(out, name), { recursive: true });
}

/** SHA256SUMS beside the files that it is of, as sha256sum(1) reads it. */
export function putSums(build: Build, out: string): void {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.startsWith(`${outputName(build)}.`) && statSync(join(out, name)).isFile(),
  );
  const lines = files.toSorted().map((name) => `${sha256(join(out, name))}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
}

function sha256(file: string): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(1024 * 1024);
  const descriptor = openSync(file, 'r');
  try {
    for (let size = readSync(descriptor, block); size > 0; size = readSync(descriptor, block))
      hash.update(block.subarray(0, size));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
