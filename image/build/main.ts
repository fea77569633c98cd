/** `npm run image`: makes the bootable image in image/out. README.md one folder up says what comes out and what it needs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { baseRoot, type Base } from './base-root.ts';
import { cacheDirectory } from './cache.ts';
import { makeDisk } from './disk.ts';
import { emulatorTree } from './emulator-tree.ts';
import { saveBuildFigures, step } from './figures.ts';
import { makeFilesystem, type Filesystem } from './filesystem.ts';
import { prepareHost } from './host.ts';
import { makeInitrd, type Initrd } from './initrd.ts';
import { makeKernelImage } from './kernel-image.ts';
import { signingKeys } from './keys.ts';
import { thisMirror } from './mirror.ts';
import {
  clearOutput,
  outputName,
  putDisk,
  putEnrolment,
  putPackedDisks,
  putSums,
  putUpdate,
} from './output.ts';
import { versionRoot, type Build } from './root.ts';
import { putContents } from './sbom.ts';
import { makeEnrolment } from './secure-boot.ts';
import { openSupply, writeLock } from './supply.ts';
import { toolsTree } from './tools-tree.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    release: { type: 'boolean', default: false },
    roothash: { type: 'boolean', default: false },
    'update-lock': { type: 'boolean', default: false },
    'current-packages': { type: 'boolean', default: false },
  },
});
const out = join(import.meta.dirname, '../out');

function makeImage(): void {
  step('programs of this machine', prepareHost);
  const isCurrent = values['update-lock'] || values['current-packages'];
  const supply = openSupply(thisMirror(process.env['GATEHOUSE_MIRROR']), isCurrent);
  const tools = step('tools tree', () => toolsTree(supply));
  const base = step('base root', () => baseRoot(supply, tools));
  if (values['update-lock']) {
    const emulator = step('emulator of the tests', () => emulatorTree(supply));
    console.log(writeLock([...tools.packages, ...base.packages, ...emulator.packages]));
  }
  const initrd = step('initrd', () => makeInitrd(base, tools));
  const work = mkdtempSync(join(cacheDirectory, 'work-'));
  try {
    const build = step('root of this version', () => versionRoot(base, tools, { work, initrd }));
    const filesystem = step('root file system and its hashes', () => makeFilesystem(build));
    if (!values.roothash) makeFiles({ base, initrd }, build, filesystem);
    console.log(`roothash ${filesystem.roothash}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function makeFiles(
  { base, initrd }: { base: Base; initrd: Initrd },
  build: Build,
  filesystem: Filesystem,
): void {
  const keys = signingKeys(process.env['GATEHOUSE_SIGNING_KEYS']);
  step('signed kernel image', () => {
    makeKernelImage(build, {
      kernel: join(base.folder, 'boot', `vmlinuz-${base.kernel}`),
      kernelVersion: base.kernel,
      initrd: initrd.file,
      roothash: filesystem.roothash,
      keysFolder: keys.folder,
    });
    makeEnrolment(build, keys.folder);
  });
  step('disk', () => makeDisk(build, filesystem));
  clearOutput(build, out);
  step('files', () => {
    putDisk(build, out);
    putUpdate(build, filesystem, { out, isPacked: values.release });
    putEnrolment(build, out);
    putContents(build, { base, tools: build.tools, initrd }, out);
  });
  if (!values.quick) step('packed disks', () => putPackedDisks(build, out));
  step('sums', () => putSums(build, out));
  saveBuildFigures(build, out);
  console.log(`${join(out, outputName(build))}.raw`);
  if (keys.areThrowAway)
    console.log(
      'SIGNED WITH A THROW-AWAY KEY: good for tests, never for a site. GATEHOUSE_SIGNING_KEYS names the folder of real ones.',
    );
}

try {
  makeImage();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
