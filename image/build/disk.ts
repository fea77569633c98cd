/** The disk: partition table, boot partition, the version in slot A, slot B empty. Written by systemd-repart, without loop devices. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../deb/stage.ts';
import type { Filesystem } from './filesystem.ts';
import { efiName } from './kernel-image.ts';
import type { Build } from './root.ts';
import { runInside } from './tools-tree.ts';

/** Sizes of the partitions; a slot must hold the roots of years to come. */
const sizes = { esp: '256M', root: '512M', verity: '16M' };

/** Makes `disk.raw` in the folder `work` from what the steps before put there. */
export function makeDisk({ tools, work, release }: Build, filesystem: Filesystem): void {
  stageEsp(work, release);
  const definitions = join(work, 'repart.d');
  mkdirSync(definitions);
  for (const [name, settings] of Object.entries(partitions(release, filesystem)))
    writeFileSync(
      join(definitions, `${name}.conf`),
      `[Partition]\n${Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('')}`,
    );
  const words = [
    '--empty=create',
    '--size=auto',
    '--offline=yes',
    '--sector-size=512',
    '--definitions=/run/work/repart.d',
  ];
  const seed = `--seed=${filesystem.rootUuid}`;
  const command = ['env', `SOURCE_DATE_EPOCH=${release.epochSeconds}`, 'systemd-repart', ...words, seed];
  runInside(tools, { [work]: 'work' }, [...command, '--dry-run=no', '/run/work/disk.raw']);
}

/** What is on the boot partition at first; three tries are given to a version before the other is taken. */
function stageEsp(work: string, { version, architecture }: Release): void {
  const esp = join(work, 'esp');
  const put = (from: string, folder: string, name: string) => {
    mkdirSync(join(esp, folder), { recursive: true });
    cpSync(join(work, from), join(esp, folder, name));
  };
  const efi = efiName[architecture];
  put('loader.efi', 'EFI/BOOT', `BOOT${efi.toUpperCase()}.EFI`);
  put('loader.efi', 'EFI/systemd', `systemd-boot${efi}.efi`);
  put('gatehouse.efi', 'EFI/Linux', `gatehouse_${version}+3-0.efi`);
  for (const name of ['PK.auth', 'KEK.auth', 'db.auth']) put(`enrol/${name}`, 'loader/keys/auto', name);
  put('enrol/gatehouse.cer', 'loader/keys', 'gatehouse.cer');
  // if-safe: without asking on virtual machines only; on others a person chooses it in the menu.
  writeFileSync(join(esp, 'loader/loader.conf'), 'timeout 0\neditor no\nsecure-boot-enroll if-safe\n');
  writeFileSync(join(esp, 'loader/entries.srel'), 'type1\n');
}

/** In the order of the disk. Labels and UUIDs are those by which systemd-sysupdate knows versions, and the kernel its root. */
function partitions({ version, architecture }: Release, { rootUuid, verityUuid }: Filesystem) {
  const type = { amd64: 'root-x86-64', arm64: 'root-arm64' }[architecture];
  const root = { Type: type, ...size(sizes.root), ReadOnly: 'yes', NoAuto: 'yes' };
  const verity = { Type: `${type}-verity`, ...size(sizes.verity), ReadOnly: 'yes', NoAuto: 'yes' };
  const label = `gatehouse_${version}`;
  return {
    '10-esp': { Type: 'esp', Label: 'esp', Format: 'vfat', CopyFiles: '/run/work/esp:/', ...size(sizes.esp) },
    '20-root-a-verity': {
      ...verity,
      Label: `${label}_verity`,
      UUID: verityUuid,
      CopyBlocks: '/run/work/root.verity',
    },
    '21-root-a': { ...root, Label: label, UUID: rootUuid, CopyBlocks: '/run/work/root.erofs' },
    '30-root-b-verity': { ...verity, Label: '_empty' },
    '31-root-b': { ...root, Label: '_empty' },
  };
}

function size(bytes: string) {
  return { SizeMinBytes: bytes, SizeMaxBytes: bytes };
}
