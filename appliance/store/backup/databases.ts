/** Databases of a backup, before they take the place of those of the box. */
import { basename } from 'node:path';
import Database from 'better-sqlite3';
import { renameJournals } from '../cursors.ts';
import { isTooNew, readMigrations } from '../database.ts';
import { BackupError } from './sealed-file.ts';

/** `migrations`: its folder below `migrations/`. Throws {@link BackupError} for one that no part of this release could use. */
export function checkDatabase(file: string, migrations: string): void {
  const known = readMigrations(migrations).length;
  withDatabase(file, (db) => {
    if (isTooNew(db, known))
      throw new BackupError(
        `${basename(file)} is of a newer release: install that one, or a newer one, first`,
      );
    const found = db.pragma('quick_check(1)', { simple: true }) as string;
    if (found !== 'ok') throw new BackupError(`${basename(file)} is damaged: ${found}`);
  });
}

/** Of the cloud part: what its journals are called from now on. */
export function renameJournalsIn(file: string): void {
  withDatabase(file, renameJournals);
}

function withDatabase(file: string, work: (db: Database.Database) => void): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { fileMustExist: true });
    work(db);
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new BackupError(`${basename(file)} is damaged: ${error.message}`, { cause: error });
  } finally {
    db?.close();
  }
}
