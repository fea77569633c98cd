/** Another part's facts: a read-only connection, its journal from a cursor on, and news as they are committed. */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Clock } from '../world.ts';
import { all, cacheSize, one } from './database.ts';
import type { StoreName } from './journal-kinds.ts';
import { storeFile } from './store.ts';

export interface JournalRow {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly mac: string | null;
  /** JSON text, as written. */
  readonly body: string;
  readonly count: number;
  readonly until: number;
}

/** Rows between two numbers were pruned before this reader saw them. */
export interface JournalGap {
  readonly kind: 'gap';
  readonly from: number;
  readonly to: number;
}

export interface Reader extends Disposable {
  readonly part: StoreName;
  readonly db: Database.Database;
  /** Rows after the cursor, oldest first, with a gap in the place of those that were pruned. */
  journalAfter(cursor: number, limit: number): (JournalRow | JournalGap)[];
  /** The highest number ever given; 0 when nothing was written yet. */
  lastSeq(): number;
}

/** `undefined` while the owner has not made its file yet, or closed it or was cut and is not back: try again later. */
export function openReader(directory: string, part: StoreName): Reader | undefined {
  const file = storeFile(directory, part);
  // Asked for with each request where a part doesn't run: ten times cheaper than an error.
  if (!existsSync(file)) return undefined;
  let db: Database.Database;
  try {
    db = connect(file);
  } catch (error) {
    if (isNotThereYet(error)) return undefined;
    throw error;
  }
  const lastSeq = () =>
    one<{ seq: number }>(db, `SELECT seq FROM sqlite_sequence WHERE name = 'journal'`)?.seq ?? 0;
  return {
    part,
    db,
    journalAfter: (cursor, limit) => {
      const rows = all<JournalRow>(
        db,
        'SELECT seq, at, kind, mac, body, count, until FROM journal WHERE seq > ? ORDER BY seq LIMIT ?',
        [cursor, limit],
      );
      return rows.length === 0 ? gapBetween(cursor, lastSeq() + 1) : withGaps(rows, cursor);
    },
    lastSeq,
    [Symbol.dispose]: () => {
      db.close();
    },
  };
}

/** Closed when it is no good: those who wait for a part come back twenty times a second. */
function connect(file: string): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    db.pragma('query_only = ON');
    db.pragma(cacheSize);
    one(db, 'SELECT seq FROM journal LIMIT 1');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Numbers are given without holes, so a hole is what was pruned. */
function withGaps(rows: readonly JournalRow[], cursor: number): (JournalRow | JournalGap)[] {
  let before = cursor;
  return rows.flatMap((row) => {
    const gap = gapBetween(before, row.seq);
    before = row.seq;
    return [...gap, row];
  });
}

function gapBetween(before: number, next: number): JournalGap[] {
  return next > before + 1 ? [{ kind: 'gap', from: before + 1, to: next - 1 }] : [];
}

/**
 * What only the owner may put right, and does at its next look: the index of a WAL that it has opened but not made anew yet (RECOVERY), a
 * commit in which box's writer was cut (ROLLBACK).
 */
const notThereCodes = [
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY_DIRECTORY',
  'SQLITE_READONLY_CANTINIT',
  'SQLITE_READONLY_RECOVERY',
  'SQLITE_READONLY_ROLLBACK',
];

function isNotThereYet(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && notThereCodes.includes(String(error.code))) return true;
  // A missing directory has no code, and a file between its making and its first migration no tables.
  return /directory does not exist|no such table/.test(error.message);
}

const lookEveryMs = 50;

interface Follow {
  readonly directory: string;
  readonly parts: readonly StoreName[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Calls `onNews` with a reader after each commit of its owner, and once at the start. Owners that are not there yet are
 * waited for. Ends when the signal is aborted; a rejection of `onNews` ends it too.
 */
export async function followStores(
  follow: Follow,
  onNews: (reader: Reader) => Promise<void> | void,
): Promise<void> {
  const readers = new Map<StoreName, Followed>();
  try {
    while (!follow.signal.aborted) {
      for (const part of follow.parts) {
        const known = readers.get(part) ?? openFollowed(follow.directory, part);
        if (known === undefined) continue;
        readers.set(part, known);
        const version = known.look();
        if (version === known.version) continue;
        known.version = version;
        await onNews(known.reader);
      }
      await follow.clock.sleep(lookEveryMs, follow.signal);
    }
  } catch (error) {
    if (!follow.signal.aborted) throw error;
  } finally {
    for (const { reader } of readers.values()) reader[Symbol.dispose]();
  }
}

interface Followed {
  readonly reader: Reader;
  /** Another number after each commit of the owner; read twenty times a second, so it is prepared once. */
  readonly look: () => number;
  version: number;
}

function openFollowed(directory: string, part: StoreName): Followed | undefined {
  const reader = openReader(directory, part);
  if (reader === undefined) return undefined;
  const asked = reader.db.prepare<[], number>('PRAGMA data_version').pluck();
  return { reader, look: () => asked.get() ?? -1, version: -1 };
}
