/** `reset.factory`: the box as it came, but for its release. Keys go first, so that what is left of the rest opens nothing. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { hasUnit, systemctl } from '../net/systemctl.ts';
import type { OrderHandler } from './orders.ts';

/** The image's: makes the data partition anew at the next start, whatever power fails in between. */
const unit = 'gatehouse-data-anew.service';

export const resetBox: OrderHandler = async (_words, { config, log }) => {
  if (!hasUnit(unit))
    return {
      state: 'refused',
      words:
        'This machine is not the image: stop gatehouse.target, then apt purge gatehouse, or remove its state and settings.',
    };
  destroyKeys(config.site.state_directory);
  log.warn('factory reset');
  await systemctl('--no-block', 'start', unit);
  return {
    state: 'done',
    words: 'The keys are destroyed; the box starts anew and makes its data disk anew.',
  };
};

/** Overwritten, then removed: `*.key` of the parts, of the authority and of the page. */
export function destroyKeys(stateDirectory: string): void {
  for (const path of keyFiles(stateDirectory)) {
    const { size } = statSync(path);
    const handle = openSync(path, 'r+');
    try {
      writeSync(handle, Buffer.alloc(size));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    rmSync(path);
  }
}

function keyFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return keyFiles(path);
    return entry.isFile() && entry.name.endsWith('.key') ? [path] : [];
  });
}
