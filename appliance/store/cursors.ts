/** How far each part's journal has reached the cloud. Owned by cloud. */
import { randomUUID } from 'node:crypto';
import { all, one, run, type Database } from './database.ts';
import type { StoreName } from './journal-kinds.ts';

export interface Cursor {
  readonly part: StoreName;
  /** Names this run of row numbers: without it a wiped box's new rows would look like repeats of its old ones. */
  readonly journal: string;
  /** The last row that the cloud has confirmed. */
  readonly seq: number;
  /** When that row happened; another time under the same number means another journal. `null`: before the first, or a gap. */
  readonly rowAt: number | null;
}

/** `undefined`: nothing of this part was ever sent. */
export function readCursor(db: Database, part: StoreName): Cursor | undefined {
  return one<Cursor>(db, 'SELECT part, journal, seq, row_at AS rowAt FROM cursor WHERE part = ?', [part]);
}

/** At the beginning of a journal that gets a name of its own. */
export function newCursor(part: StoreName): Cursor {
  return { part, journal: randomUUID(), seq: 0, rowAt: null };
}

export function saveCursor(db: Database, { part, journal, seq, rowAt }: Cursor, now: number): void {
  run(db, 'INSERT OR REPLACE INTO cursor (part, journal, seq, row_at, at) VALUES (?, ?, ?, ?, ?)', [
    part,
    journal,
    seq,
    rowAt,
    now,
  ]);
}

/**
 * After a restore the cloud has rows that were written after the backup. New ones with the same numbers would look to it like those
 * sent again, so that the numbers go on under a new name.
 */
export function renameJournals(db: Database): void {
  const parts = all<Pick<Cursor, 'part'>>(db, 'SELECT part FROM cursor');
  for (const { part } of parts) run(db, 'UPDATE cursor SET journal = ? WHERE part = ?', [randomUUID(), part]);
}
