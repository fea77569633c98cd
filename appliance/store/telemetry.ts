/** `<part>.telemetry.db`: what a part says of itself for `status` and the page. May lose seconds, never grows. */
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { Health } from '../world.ts';
import { openOrForget } from './broken-file.ts';
import { one, openDatabase, run } from './database.ts';
import type { PartName } from './journal-kinds.ts';

export interface Report {
  /** ms since 1970; a report older than a few seconds means that the part is not running. */
  readonly at: number;
  readonly startedAt: number;
  readonly health: Health;
  readonly counters: Readonly<Record<string, number>>;
}

export interface Telemetry extends Disposable {
  report(report: Report): void;
}

export function openTelemetry(directory: string, part: PartName): Telemetry {
  const db = openTelemetryFile(directory, part);
  return {
    report: ({ at, startedAt, health, counters }) => {
      run(
        db,
        'INSERT OR REPLACE INTO report (only, at, started_at, health, counters) VALUES (1, ?, ?, ?, ?)',
        [at, startedAt, JSON.stringify(health), JSON.stringify(counters)],
      );
    },
    [Symbol.dispose]: () => {
      // Not closed, as in store.ts: readers of other users need the WAL to stay.
    },
  };
}

/** Parts that keep more there than their reports. */
const withTables: readonly PartName[] = ['provisioning', 'rtp', 'sip'];

/** For its part alone. Several connections of one process are no trouble: none keeps a transaction open over a turn. */
export function openTelemetryFile(directory: string, part: PartName): Database.Database {
  const migrations = withTables.includes(part) ? `${part}-telemetry` : 'telemetry';
  const file = telemetryFile(directory, part);
  return openOrForget(file, () => openDatabase({ file, migrations, synchronous: 'NORMAL' }));
}

/** So far the clock may have been set back since. */
const mostAheadMs = 3_600_000;

/** Whether the part wrote it just now. One of the far future was written before the clock was set back, nobody knows when. */
export function isFresh({ at }: Pick<Report, 'at'>, now: number, tooOldMs: number): boolean {
  return now - at < tooOldMs && at - now < mostAheadMs;
}

/** `undefined` when the part has never run here. */
export function readReport(directory: string, part: PartName): Report | undefined {
  return readTelemetry(directory, part, (db) => {
    const row = one<{ at: number; started_at: number; health: string; counters: string }>(
      db,
      'SELECT * FROM report',
    );
    return (
      row && {
        at: row.at,
        startedAt: row.started_at,
        health: JSON.parse(row.health) as Health,
        counters: JSON.parse(row.counters) as Record<string, number>,
      }
    );
  });
}

/** What `read` finds in another part's file; `undefined` when that can't be read. */
export function readTelemetry<T>(
  directory: string,
  part: PartName,
  read: (db: Database.Database) => T | undefined,
): T | undefined {
  let db: Database.Database | undefined;
  try {
    db = new Database(telemetryFile(directory, part), { readonly: true, fileMustExist: true });
    return read(db);
  } catch {
    // Never written, or closed cleanly and not back yet: to the reader both mean "not running".
    return undefined;
  } finally {
    db?.close();
  }
}

function telemetryFile(directory: string, part: PartName): string {
  return join(directory, part, `${part}.telemetry.db`);
}
