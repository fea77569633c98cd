/** How many calls each hour had, and how many of them failed. */
import { callWords } from './call-words.ts';
import { all, one, type Database } from './database.ts';

export interface CallHistory {
  /** Before this nothing is known: ms since 1970. */
  readonly since: number;
  /** Hours with calls, the oldest first; `at` is their beginning. */
  readonly hours: readonly { readonly at: number; readonly calls: number; readonly failed: number }[];
}

const hourMs = 3_600_000;

interface Row {
  readonly at: number;
  readonly reason: string | null;
  readonly calls: number;
}

/** The last calls alone are kept: on a busy site they don't reach back to `since`. */
export function readCallHistory(db: Database, since: number): CallHistory {
  const oldest = one<{ at: number | null }>(db, 'SELECT min(started_at) AS at FROM call')?.at;
  const hours = new Map<number, { at: number; calls: number; failed: number }>();
  for (const { at, reason, calls } of all<Row>(
    db,
    `SELECT started_at - started_at % ${hourMs} AS at, reason, count(*) AS calls FROM call WHERE started_at >= ? GROUP BY 1, 2 ORDER BY 1`,
    [since],
  )) {
    const hour = hours.get(at) ?? { at, calls: 0, failed: 0 };
    hour.calls += calls;
    if (reason !== null && callWords(reason).isFailure) hour.failed += calls;
    hours.set(at, hour);
  }
  return { since: Math.max(since, oldest ?? since), hours: [...hours.values()] };
}
