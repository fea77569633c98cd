/** For what one process at a time may do. Whatever ends it gives the lock back, since the kernel holds it, on an empty database. */
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { makeDirectory } from './database.ts';

/** Undefined: somebody else has it. */
export function takeLock(file: string): Disposable | undefined {
  makeDirectory(dirname(file));
  // Whoever may read it could hold it.
  const before = process.umask(0o077);
  const db = new Database(file, { timeout: 0 });
  process.umask(before);
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => void db.close() };
}
