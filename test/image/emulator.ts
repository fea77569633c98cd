/** The emulator that boots images, the same whatever Debian this machine is. */
import { emulatorCommand, emulatorTree, firmwareFolder } from '../../image/build/emulator-tree.ts';
import { prepareHost } from '../../image/build/host.ts';
import { thisMirror } from '../../image/build/mirror.ts';
import { openSupply } from '../../image/build/supply.ts';

interface Emulator {
  readonly command: readonly string[];
  /** Folder of the firmware's files. */
  readonly firmware: string;
}

/** In the gate packages are today's: that a version has vanished is no fault of the change that is judged. */
export const isGate = process.env['CI'] === 'true';

/** Its folder, for the workers of a run whose setup has made it. */
const variable = 'GATEHOUSE_EMULATOR';

/** Made where it isn't in the cache of image/build, which takes half a minute. */
export function emulator(): Emulator {
  const folder = (process.env[variable] ??= makeEmulator());
  return { command: emulatorCommand(folder), firmware: firmwareFolder(folder) };
}

function makeEmulator(): string {
  prepareHost();
  return emulatorTree(openSupply(thisMirror(process.env['GATEHOUSE_MIRROR']), isGate)).folder;
}
