/** Vitest's global setup: what makes sticks and a hypervisor's volume, besides what boots the image. */
import { installPackages } from '../../support/packages.ts';
import { stickPrograms } from '../stick.ts';

export async function setup(): Promise<void> {
  await installPackages((line) => console.log(line), { ...stickPrograms, genisoimage: 'genisoimage' });
}
