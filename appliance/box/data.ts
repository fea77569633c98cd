/** `data.repair`, `data.anew`: a data partition that could not be used at boot. The image's own units do the work, and boot again. */
import { hasUnit, systemctl } from '../net/systemctl.ts';
import { readDataPartition } from '../store/data-partition.ts';
import type { OrderHandler } from './orders.ts';

const way = {
  repair: {
    unit: 'gatehouse-data-repair.service',
    words:
      'The disk is repaired as far as it can be. The box restarts then; this page is away for some minutes.',
  },
  anew: {
    unit: 'gatehouse-data-anew.service',
    words:
      'The disk is made anew, with nothing on it, and the box restarts: set it up or restore a backup then.',
  },
} as const;

export function dataOrder(how: keyof typeof way, read = readDataPartition): OrderHandler {
  const { unit, words } = way[how];
  return async (_arguments, { config }) => {
    const { state } = read(config.site.state_directory);
    if (state === 'ok')
      return { state: 'refused', words: 'The data disk is in use: there is nothing to repair.' };
    if (state === 'read-only')
      return { state: 'refused', words: 'The disk takes no writes: it has to be replaced.' };
    if (state === 'sealed' && how === 'repair')
      return { state: 'refused', words: 'The disk is locked, not damaged: there is nothing to repair.' };
    if (!hasUnit(unit)) return { state: 'refused', words: 'Only the image repairs its own disk.' };
    await systemctl('--no-block', 'start', unit);
    return { state: 'done', words };
  };
}
