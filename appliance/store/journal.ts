/** Appending to a part's journal: classes checked, repeats counted, size bounded. */
import type { Clock } from '../world.ts';
import { all, each, one, run, type Database } from './database.ts';
import { journalKind, longestWindowMs, type StoreName } from './journal-kinds.ts';

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
  /** Windows of repeats that are open at once; over it those that would end first end early. */
  readonly openWindows: number;
}

const defaultQuota: JournalQuota = {
  ordinaryBytes: 32 * 1024 * 1024,
  reservedBytes: 8 * 1024 * 1024,
  maxAgeMs: 90 * 86_400_000,
  openWindows: 10_000,
};

/** A field longer than this is cut: a hostile string must not fill the journal. */
const maxFieldChars = 512;
const rowOverheadBytes = 64;
/** A clock that leaps so far may be wrong, and put right soon: age doesn't count until it has stood so for an hour. */
const leapMs = 30 * 86_400_000;
const doubtMs = 3_600_000;

interface JournalOptions {
  readonly part: StoreName;
  readonly clock: Pick<Clock, 'now'>;
  readonly quota?: Partial<JournalQuota>;
}

interface CountedRow {
  readonly kind: string;
  readonly mac: string;
  readonly body: string;
  readonly count: number;
  readonly at: number;
  readonly until: number;
}

/** All methods belong inside a transaction of the owner's connection. */
export class Journal {
  readonly #db: Database;
  readonly #part: StoreName;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #quota: JournalQuota;
  #bytes: ByClass;
  /** When the oldest row of each class was last repeated, or before. */
  #oldest: ByClass = [0, 0];
  /** When the first window of repeats ends; 0 when none is open. */
  #nextDue: number;
  #windows: number;
  /** Rows since the last {@link housekeep}. */
  #inserted = 0;
  /** Of the newest row that is an hour old, as a leap may have come right before a restart; then of the last {@link housekeep}. */
  #lastNow: number;
  #doubtUntil = 0;

  constructor(db: Database, { part, clock, quota }: JournalOptions) {
    this.#db = db;
    this.#part = part;
    this.#clock = clock;
    this.#quota = { ...defaultQuota, ...quota };
    this.#bytes = readBytes(db);
    this.#nextDue = readNextDue(db);
    this.#windows = countWindows(db);
    const now = clock.now();
    this.#lastNow = readNewest(db, now - doubtMs) ?? now;
  }

  /** When {@link housekeep} next has counted rows to write, ms since 1970; 0 for never. */
  get nextDue(): number {
    return this.#nextDue;
  }

  append({ kind, mac = '', body }: JournalEntry): void {
    const { coalesceSeconds } = journalKind(this.#part, kind);
    const now = this.#clock.now();
    const row = { kind, mac, body: checkedBody(this.#part, kind, body), count: 1, at: now, until: now };
    if (coalesceSeconds === undefined) this.#insert(row);
    else this.#coalesce(row, now + coalesceSeconds * 1000);
  }

  /** Writes counted rows whose window has ended, and prunes. Cheap when nothing is due. */
  housekeep(): void {
    const now = this.#clock.now();
    const isOver = this.#windows > this.#quota.openWindows;
    if (isOver) this.#closeWindows(Math.max(now, this.#dueOfOldest()));
    else if (this.#nextDue !== 0 && (now >= this.#nextDue || this.#nextDue > now + longestWindowMs))
      this.#closeWindows(now);
    if (now - this.#lastNow > leapMs) this.#doubtUntil = now + doubtMs;
    this.#lastNow = now;
    const most = Math.max(pruneRows, 2 * this.#inserted);
    for (const reserved of [0, 1] as const) this.#prune(reserved, now, most);
    this.#inserted = 0;
  }

  /** The transaction was undone: what is counted in memory is read again from disk. */
  forget(): void {
    this.#bytes = readBytes(this.#db);
    this.#oldest = [0, 0];
    this.#nextDue = readNextDue(this.#db);
    this.#windows = countWindows(this.#db);
    this.#inserted = 0;
  }

  /** The first of its window is told at once; a repeat row of count 0 marks the window, the others are counted on it. */
  #coalesce(row: CountedRow, due: number): void {
    const counted = one<{ count: number }>(
      this.#db,
      `INSERT INTO journal_repeat (kind, mac, body, count, at, until, due) VALUES (@kind, @mac, @body, 0, @at, @until, @due)
       ON CONFLICT DO UPDATE SET count = count + 1, until = excluded.until, at = iif(count = 0, excluded.at, at)
       RETURNING count`,
      { ...row, due },
    );
    if (counted?.count === 0) {
      this.#insert(row);
      this.#windows += 1;
    }
    if (this.#nextDue === 0 || due < this.#nextDue) this.#nextDue = due;
  }

  /** So that a tenth of the quota is free again. */
  #dueOfOldest(): number {
    const surplus = this.#windows - Math.floor(this.#quota.openWindows * 0.9);
    return (
      one<{ due: number }>(this.#db, 'SELECT due FROM journal_repeat ORDER BY due LIMIT 1 OFFSET ?', [
        surplus - 1,
      ])?.due ?? 0
    );
  }

  /** Also those that end later than any window can: the clock was set back since they began. */
  #closeWindows(due: number): void {
    const over = '(due <= ? OR due > ?)';
    const values = [due, this.#clock.now() + longestWindowMs];
    const rows = all<CountedRow>(
      this.#db,
      `SELECT kind, mac, body, count, at, until FROM journal_repeat WHERE ${over} AND count > 0`,
      values,
    );
    for (const row of rows) this.#insert(row);
    run(this.#db, `DELETE FROM journal_repeat WHERE ${over}`, values);
    this.#nextDue = readNextDue(this.#db);
    this.#windows = countWindows(this.#db);
  }

  #insert({ at, kind, mac, body, count, until }: CountedRow): void {
    const reserved = journalKind(this.#part, kind).reserved === undefined ? 0 : 1;
    const size = rowOverheadBytes + kind.length + Buffer.byteLength(body);
    run(
      this.#db,
      'INSERT INTO journal (at, kind, mac, body, count, until, reserved, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      [at, kind, mac === '' ? null : mac, body, count, until, reserved, size],
    );
    this.#bytes[reserved] += size;
    this.#oldest[reserved] = Math.min(this.#oldest[reserved], until);
    this.#inserted += 1;
  }

  /** Oldest first, until the rest is neither too much nor too old. The file is only asked when something must go. */
  #prune(reserved: 0 | 1, now: number, most: number): void {
    const { ordinaryBytes, reservedBytes, maxAgeMs } = this.#quota;
    const limit = reserved === 0 ? ordinaryBytes : reservedBytes;
    const isDoubtful = now < this.#doubtUntil && now >= this.#doubtUntil - doubtMs;
    const mayStay = (until: number) =>
      this.#bytes[reserved] <= limit && (isDoubtful || now - until <= maxAgeMs);
    if (mayStay(this.#oldest[reserved])) return;
    let left = most;
    let last = 0;
    this.#oldest[reserved] = Infinity;
    for (const { seq, until, size } of each<{ seq: number; until: number; size: number }>(
      this.#db,
      'SELECT seq, until, size FROM journal WHERE reserved = ? ORDER BY seq',
      [reserved],
    )) {
      this.#oldest[reserved] = until;
      if (left === 0 || mayStay(until)) break;
      this.#bytes[reserved] -= size;
      last = seq;
      left -= 1;
    }
    run(this.#db, 'DELETE FROM journal WHERE reserved = ? AND seq <= ?', [reserved, last]);
  }
}

function readNextDue(db: Database): number {
  return one<{ due: number | null }>(db, 'SELECT min(due) AS due FROM journal_repeat')?.due ?? 0;
}

function readNewest(db: Database, until: number): number | undefined {
  return one<{ at: number }>(db, 'SELECT at FROM journal WHERE at <= ? ORDER BY seq DESC LIMIT 1', [until])
    ?.at;
}

function countWindows(db: Database): number {
  return one<{ count: number }>(db, 'SELECT count(*) AS count FROM journal_repeat')?.count ?? 0;
}

function checkedBody(part: StoreName, kind: string, body: JournalEntry['body']): string {
  const { fields } = journalKind(part, kind);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (fields[name] === undefined)
      throw new TypeError(`journal kind "${kind}" of ${part} has no field "${name}"`);
    if (value !== undefined) kept[name] = typeof value === 'string' ? value.slice(0, maxFieldChars) : value;
  }
  return JSON.stringify(kept);
}

/** By class: [ordinary, reserved]. */
type ByClass = [number, number];

function readBytes(db: Database): ByClass {
  const bytes: ByClass = [0, 0];
  for (const row of all<{ reserved: 0 | 1; size: number }>(
    db,
    'SELECT reserved, sum(size) AS size FROM journal GROUP BY reserved',
  )) {
    bytes[row.reserved] = row.size;
  }
  return bytes;
}

/** At least so many a commit, and no more than twice what the commit adds: pruning keeps up and is never a stall. */
const pruneRows = 200;
