/** A backup that was uploaded to be put back and never was: gigabytes that nobody else would remove. */
import { lstatSync, rmSync } from 'node:fs';
import { uploadedBackup } from '../store/backup/box-files.ts';
import { repeat, type World } from '../world.ts';

/** Nothing was added to it, and nobody ordered that it be put back, for so long. */
export const abandonedMs = 3_600_000;
const lookEveryMs = 600_000;

export function removeAbandonedUploads(directory: string, { clock, log }: World): AsyncDisposable {
  const file = uploadedBackup(directory);
  const work = () => {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found !== undefined && Math.abs(clock.now() - found.mtimeMs) > abandonedMs)
      rmSync(file, { force: true });
  };
  const onError = (error: unknown) => log.warn({ error: String(error) }, 'an upload was not removed');
  return repeat(clock, lookEveryMs, { work, onError });
}
