/** A database that can't be read any more, for a part that must run all the same: set aside, and begun anew. */
import { existsSync, renameSync } from 'node:fs';
import type { Database } from './database.ts';

export interface Opened {
  readonly db: Database;
  /** Where the broken file is now; undefined when it was good. */
  readonly brokenFile: string | undefined;
}

/** `open` is called once more when what it opened is broken. */
export function openOrReplace(file: string, open: () => Database, now: number): Opened {
  try {
    const db = open();
    const [found] = db.pragma('quick_check(1)') as { quick_check: string }[];
    if (found?.quick_check === 'ok') return { db, brokenFile: undefined };
    db.close();
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  const brokenFile = `${file}.broken-${now}`;
  for (const end of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${brokenFile}${end}`);
  }
  return { db: open(), brokenFile };
}

function isBroken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(?:NOTADB|CORRUPT)/.test(code);
}
