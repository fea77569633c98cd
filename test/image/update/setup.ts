/** Vitest's global setup of the update tests: programs, and two releases of this tree. */
import { imagePrograms, installPackages } from '../../support/packages.ts';
import { buildReleases } from './releases.ts';

export async function setup(): Promise<void> {
  const programs = { ...imagePrograms, mcopy: 'mtools', '/usr/sbin/mkfs.vfat': 'dosfstools' };
  await installPackages((line) => console.log(line), programs);
  buildReleases();
}
