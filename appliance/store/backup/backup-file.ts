/** A backup under its name: whole and on disk, or not there at all. */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../sync-folder.ts';
import { takeBackup, type Taken, type ToBackUp } from './take.ts';

interface Sealing {
  readonly passphrase: string;
  /** Its group may read it too. */
  readonly isForGroup?: boolean;
}

/** What had the name before is there until then. */
export function writeBackup(
  what: ToBackUp,
  file: string,
  { passphrase, isForGroup = false }: Sealing,
): Taken {
  const half = `${file}.part`;
  rmSync(half, { force: true });
  const handle = openSync(half, 'wx', 0o600);
  try {
    // Not beside the file: that is a stick, which anybody finds what was erased on.
    const taken = takeBackup(what, handle, { passphrase, scratch: what.stateDirectory });
    fsyncSync(handle);
    // A stick may have no rights to change.
    if (isForGroup) chmodSync(half, 0o640);
    renameSync(half, file);
    syncFolder(dirname(file));
    return taken;
  } finally {
    closeSync(handle);
    rmSync(half, { force: true });
  }
}
