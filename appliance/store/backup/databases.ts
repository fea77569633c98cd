/** Databases of a backup, before they take the place of those of the box. */
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { isTooNew } from '../database.ts';
import { BackupError } from './sealed-file.ts';

/** `migrations`: its folder below `migrations/`. Throws {@link BackupError} for one that no part of this release could use. */
export function checkDatabase(file: string, migrations: string): void {
  const known = readdirSync(join(import.meta.dirname, '../migrations', migrations)).length;
  const db = new Database(file, { fileMustExist: true });
  try {
    if (isTooNew(db, known))
      throw new BackupError(
        `${basename(file)} is of a newer release: install that one, or a newer one, first`,
      );
    const found = db.pragma('quick_check(1)', { simple: true }) as string;
    if (found !== 'ok') throw new BackupError(`${basename(file)} is damaged: ${found}`);
  } finally {
    db.close();
  }
}

/**
 * The cloud has rows that were written after the backup. New ones with the same numbers would look to it like those sent again, so
 * that the numbers go on under a new name.
 */
export function renameJournals(file: string): void {
  const db = new Database(file, { fileMustExist: true });
  try {
    const parts = db.prepare('SELECT part FROM cursor').pluck().all() as string[];
    for (const part of parts)
      db.prepare('UPDATE cursor SET journal = ? WHERE part = ?').run(randomUUID(), part);
  } finally {
    db.close();
  }
}
