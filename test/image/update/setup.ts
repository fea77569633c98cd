/** Vitest's global setup of the update tests: programs, and two releases of this tree. */
import { imagePrograms, installPackages } from '../../support/packages.ts';
import { emulator } from '../emulator.ts';
import { stickPrograms } from '../stick.ts';
import { buildReleases } from './releases.ts';

export async function setup(): Promise<void> {
  await installPackages((line) => console.log(line), { ...imagePrograms, ...stickPrograms });
  emulator();
  buildReleases();
}
