/** `npm run image`: makes the bootable image in image/out. README.md one folder up says what comes out and what it needs. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { baseRoot } from './base-root.ts';
import { cacheDirectory } from './cache.ts';
import { run } from './command.ts';
import { makeDisk } from './disk.ts';
import { makeFilesystem } from './filesystem.ts';
import { prepareHost } from './host.ts';
import { makeInitrd } from './initrd.ts';
import { makeKernelImage } from './kernel-image.ts';
import { signingKeys } from './keys.ts';
import { thisMirror } from './mirror.ts';
import { versionRoot } from './root.ts';
import { toolsTree } from './tools-tree.ts';

const out = join(import.meta.dirname, '../out');

function step<T>(title: string, make: () => T): T {
  const begin = performance.now();
  process.stdout.write(`${title.padEnd(48, ' .')} `);
  const made = make();
  process.stdout.write(`${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  return made;
}

step('programs of this machine', prepareHost);
const mirror = thisMirror(process.env['GATEHOUSE_MIRROR']);
const keys = signingKeys(process.env['GATEHOUSE_SIGNING_KEYS']);
if (keys.areThrowAway)
  console.log(
    'SIGNED WITH A THROW-AWAY KEY: good for tests, never for a site (GATEHOUSE_SIGNING_KEYS names the folder of real ones)',
  );
const tools = step('tools tree', () => toolsTree(mirror));
const base = step('base root', () => baseRoot(mirror, tools));
const initrd = step('initrd', () => makeInitrd(base, tools));
const work = mkdtempSync(join(cacheDirectory, 'work-'));
try {
  const build = step('root of this version', () => versionRoot(base, tools, work));
  const filesystem = step('root file system and its hashes', () => makeFilesystem(build));
  step('signed kernel image', () => {
    makeKernelImage(build, {
      kernel: join(base.folder, 'boot', `vmlinuz-${base.kernel}`),
      kernelVersion: base.kernel,
      initrd,
      roothash: filesystem.roothash,
      keysFolder: keys.folder,
    });
  });
  step('disk', () => makeDisk(build, filesystem));
  mkdirSync(out, { recursive: true });
  const name = join(out, `gatehouse_${build.release.version}_${build.release.architecture}.raw`);
  run('cp', ['--sparse=always', join(work, 'disk.raw'), name]);
  console.log(name);
} finally {
  rmSync(work, { recursive: true, force: true });
}
