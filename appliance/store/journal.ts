/** Appending to a part's journal: classes checked, repeats counted, size bounded. */
import type { Clock } from '../world.ts';
import { all, one, run, type Database } from './database.ts';
import { journalKind, type PartName } from './journal-kinds.ts';

export interface JournalEntry {
  readonly kind: string;
  readonly mac?: string | undefined;
  /** Only fields that the kind declares; `undefined` ones are left out. */
  readonly body: Readonly<Record<string, string | number | boolean | null | undefined>>;
}

/** Bounds of one journal. What is over them goes, oldest first, and readers left behind see a gap row. */
export interface JournalQuota {
  readonly ordinaryBytes: number;
  readonly reservedBytes: number;
  readonly maxAgeMs: number;
}

const defaultQuota: JournalQuota = {
  ordinaryBytes: 32 * 1024 * 1024,
  reservedBytes: 8 * 1024 * 1024,
  maxAgeMs: 90 * 86_400_000,
};

/** A field longer than this is cut: a hostile string must not fill the journal. */
const maxFieldChars = 512;
const rowOverheadBytes = 64;

export interface Journal {
  /** Inside a transaction only. */
  append(entry: JournalEntry): void;
  /** Writes counted rows whose window has ended, and prunes. Inside a transaction; cheap when nothing is due. */
  housekeep(): void;
  /** The transaction was undone: what was counted in memory is read again from disk. */
  forget(): void;
}

interface JournalOptions {
  readonly part: PartName;
  readonly clock: Pick<Clock, 'now'>;
  readonly quota?: Partial<JournalQuota>;
}

export function openJournal(db: Database, { part, clock, quota }: JournalOptions): Journal {
  const limit = { ...defaultQuota, ...quota };
  let bytes = readBytes(db);
  let nextDue = 0;

  const insert = (row: { kind: string; mac: string; body: string; count: number; at: number; until: number }) => {
    const reserved = journalKind(part, row.kind).reserved === undefined ? 0 : 1;
    const size = rowOverheadBytes + row.kind.length + Buffer.byteLength(row.body);
    run(
      db,
      `INSERT INTO journal (at, kind, mac, body, count, until, reserved, size)
       VALUES (@at, @kind, nullif(@mac, ''), @body, @count, @until, @reserved, @size)`,
      { ...row, reserved, size },
    );
    bytes[reserved] += size;
  };

  const append = ({ kind, mac = '', body }: JournalEntry) => {
    const { coalesceSeconds } = journalKind(part, kind);
    const now = clock.now();
    const row = { kind, mac, body: checkedBody(part, kind, body), count: 1, at: now, until: now };
    if (coalesceSeconds === undefined) {
      insert(row);
      return;
    }
    const due = now + coalesceSeconds * 1000;
    // The first of its window is told at once (a repeat row of count 0 marks the window); the others are counted.
    const counted = one<{ count: number }>(
      db,
      `INSERT INTO journal_repeat (kind, mac, body, count, at, until, due) VALUES (@kind, @mac, @body, 0, @at, @until, @due)
       ON CONFLICT DO UPDATE SET count = count + 1, until = excluded.until, at = iif(count = 0, excluded.at, at)
       RETURNING count`,
      { ...row, due },
    );
    if (counted?.count === 0) insert(row);
    if (nextDue === 0 || due < nextDue) nextDue = due;
  };

  const housekeep = () => {
    const now = clock.now();
    if (nextDue !== 0 && now >= nextDue) {
      for (const row of all<Parameters<typeof insert>[0]>(db, 'SELECT * FROM journal_repeat WHERE due <= ?', [now])) {
        if (row.count > 0) insert({ kind: row.kind, mac: row.mac, body: row.body, count: row.count, at: row.at, until: row.until });
      }
      run(db, 'DELETE FROM journal_repeat WHERE due <= ?', [now]);
      nextDue = one<{ due: number | null }>(db, 'SELECT min(due) AS due FROM journal_repeat')?.due ?? 0;
    }
    bytes = prune(db, bytes, { limit, now });
  };

  const forget = () => {
    bytes = readBytes(db);
    nextDue = one<{ due: number | null }>(db, 'SELECT min(due) AS due FROM journal_repeat')?.due ?? 0;
  };

  forget();
  return { append, housekeep, forget };
}

function checkedBody(part: PartName, kind: string, body: JournalEntry['body']): string {
  const { fields } = journalKind(part, kind);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (fields[name] === undefined) throw new TypeError(`journal kind "${kind}" of ${part} has no field "${name}"`);
    if (value !== undefined) kept[name] = typeof value === 'string' ? value.slice(0, maxFieldChars) : value;
  }
  return JSON.stringify(kept);
}

/** Bytes by class: [ordinary, reserved]. */
type Bytes = [number, number];

function readBytes(db: Database): Bytes {
  const bytes: Bytes = [0, 0];
  for (const row of all<{ reserved: 0 | 1; size: number }>(
    db,
    'SELECT reserved, sum(size) AS size FROM journal GROUP BY reserved',
  )) {
    bytes[row.reserved] = row.size;
  }
  return bytes;
}

/** A slice a commit: pruning must never be a stall. */
const pruneRows = 200;

function prune(db: Database, bytes: Bytes, { limit, now }: { limit: JournalQuota; now: number }): Bytes {
  const limits: Bytes = [limit.ordinaryBytes, limit.reservedBytes];
  const left: Bytes = [...bytes];
  for (const reserved of [0, 1] as const) {
    const oldest = one<{ until: number }>(db, 'SELECT until FROM journal WHERE reserved = ? ORDER BY seq LIMIT 1', [reserved]);
    if (oldest === undefined || (left[reserved] <= limits[reserved] && now - oldest.until <= limit.maxAgeMs)) continue;
    const rows = all<{ seq: number; until: number; size: number }>(
      db,
      'SELECT seq, until, size FROM journal WHERE reserved = ? ORDER BY seq LIMIT ?',
      [reserved, pruneRows],
    );
    for (const { seq, until, size } of rows) {
      if (left[reserved] <= limits[reserved] && now - until <= limit.maxAgeMs) break;
      run(db, 'DELETE FROM journal WHERE seq = ?', [seq]);
        left[reserved] -= size;
    }
  }
  return left;
}
