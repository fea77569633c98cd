/** The root as a read-only file system (erofs), and the hashes (dm-verity) by which the kernel checks every block of it. */
import { createHash } from 'node:crypto';
import type { Build } from './root.ts';
import { runInside } from './tools-tree.ts';

export interface Filesystem {
  readonly roothash: string;
  /** Of the two partitions: halves of the roothash, by which systemd finds them. */
  readonly rootUuid: string;
  readonly verityUuid: string;
}

/** Makes `root.erofs` and `root.verity` in the folder `work` from its folder `root`. Same tree, same release: same bytes. */
export function makeFilesystem({ tools, work, release }: Build): Filesystem {
  const { version, architecture, epochSeconds } = release;
  // Neither may be left to chance.
  const salt = createHash('sha256').update(`gatehouse ${version} ${architecture}`).digest('hex');
  const uuid = uuidOf(salt);
  // lz4 costs a starting box least, and what is sent packs the file once more.
  const script = [
    `mkfs.erofs --quiet -zlz4hc,level=6 -C65536 -T${epochSeconds} -U${uuid} root.erofs root`,
    `veritysetup format --salt=${salt} --uuid=${uuid} --root-hash-file=root.hash root.erofs root.verity >&2`,
    'cat root.hash',
  ];
  const roothash = runInside(tools, { [work]: 'work' }, ['sh', '-ec', `cd /run/work\n${script.join('\n')}`]);
  return { roothash, rootUuid: uuidOf(roothash), verityUuid: uuidOf(roothash.slice(32)) };
}

/** The first 128 bits of hex as a UUID. */
export function uuidOf(hex: string): string {
  const part = (from: number, to: number) => hex.slice(from, to);
  return [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join('-');
}
