/** A database that can't be read any more, for a part that must run all the same: set aside, and begun anew. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { one, type Database } from './database.ts';
import { syncFolder } from './sync-folder.ts';

export interface Opened {
  readonly db: Database;
  /** Where the broken file is now; undefined when it was good, and once something was written down since. */
  readonly brokenFile: string | undefined;
}

/** `open` is called once more when what it opened is broken. */
export function openOrReplace(file: string, open: () => Database, now: number): Opened {
  try {
    const db = open();
    const [found] = db.pragma('quick_check(1)') as { quick_check: string }[];
    if (found?.quick_check === 'ok') return { db, brokenFile: isNew(db) ? lastBroken(file) : undefined };
    db.close();
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  const brokenFile = `${file}.broken-${now}`;
  setAside(file, brokenFile);
  return { db: open(), brokenFile };
}

/** For a file without which a part can live, and that nobody is told of: the last broken one is kept, and is not looked through. */
export function openOrForget(file: string, open: () => Database): Database {
  try {
    return open();
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  setAside(file, `${file}.broken`);
  return open();
}

/** In this order: a file without its WAL would pass for a good one of an earlier day, a WAL without its file is not read. */
function setAside(file: string, to: string): void {
  for (const end of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${to}${end}`);
  }
  syncFolder(dirname(file));
}

/** Of a start before that was cut while it set the file aside, or before it could tell. */
function isNew(db: Database): boolean {
  return one(db, 'SELECT seq FROM journal LIMIT 1') === undefined;
}

function lastBroken(file: string): string | undefined {
  const at = brokenAt(file);
  return at === undefined ? undefined : `${file}.broken-${at}`;
}

/** When a file was last set aside, ms since 1970. */
export function brokenAt(file: string): number | undefined {
  const stem = `${basename(file)}.broken-`;
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(stem))
    .map((name) => name.slice(stem.length))
    .filter((time) => /^\d+$/.test(time))
    .map(Number)
    .toSorted((a, b) => a - b)
    .at(-1);
}

/** A part of the disk that can't be read counts as much as content that is wrong. */
function isBroken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' &&
    /^SQLITE_(?:NOTADB|CORRUPT|IOERR_(?:READ|SHORT_READ|CORRUPTFS|DATA)$)/.test(code)
  );
}
