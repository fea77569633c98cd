/** The table `firmware_file` of provisioning: files of the firmware folder, as last looked at. */
import { all, run, type Database } from './database.ts';

export interface FirmwareFile {
  readonly vendor: string;
  /** Name of the folder: the model, with `_` for blanks. */
  readonly model: string;
  readonly version: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Hex; empty while it was not read. */
  readonly sha256: string;
  /** The file's own time, ms since 1970. */
  readonly changedAt: number;
  /** Why it is not given out. */
  readonly problem?: string;
}

interface Row extends Omit<FirmwareFile, 'changedAt' | 'problem'> {
  readonly changed_at: number;
  readonly problem: string | null;
}

export function readFirmwareFiles(db: Database): FirmwareFile[] {
  return all<Row>(db, 'SELECT * FROM firmware_file ORDER BY vendor, model, version, name').map(
    ({ changed_at: changedAt, problem, ...row }) => ({
      ...row,
      changedAt,
      ...(problem === null ? {} : { problem }),
    }),
  );
}

/** In the place of all that were known. */
export function saveFirmwareFiles(db: Database, files: readonly FirmwareFile[]): void {
  run(db, 'DELETE FROM firmware_file');
  for (const file of files) {
    run(
      db,
      `INSERT INTO firmware_file (vendor, model, version, name, size, sha256, changed_at, problem)
       VALUES (@vendor, @model, @version, @name, @size, @sha256, @changedAt, @problem)`,
      { problem: null, ...file },
    );
  }
}
