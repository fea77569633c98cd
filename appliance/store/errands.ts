/**
 * The table `errand` of web: orders that are carried out once. Who carries one out keeps what came of it. Like `task` it has one more
 * writer, the command line.
 */
import { all, one, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';

export interface Errand {
  readonly kind: 'restart';
  readonly mac: string;
  /** ms since 1970. */
  readonly givenAt: number;
  /** Not begun by then, it is void. */
  readonly deadlineAt: number;
}

interface Row {
  readonly kind: Errand['kind'];
  readonly mac: string;
  readonly given_at: number;
  readonly deadline_at: number;
}

/** Parts look every second; one that starts in this moment is in time too. */
const patienceMs = 15_000;
const maxKept = 1000;

/** False: one of the same kind still waits for its part. */
export function giveErrand(
  tx: Transaction,
  kind: Errand['kind'],
  { mac, now }: { mac: string; now: number },
): boolean {
  if (openErrands(tx.db, now).some((open) => open.kind === kind && open.mac === mac)) return false;
  const values = [kind, mac, now, now + patienceMs];
  run(tx.db, 'INSERT INTO errand (kind, mac, given_at, deadline_at) VALUES (?, ?, ?, ?)', values);
  run(tx.db, 'DELETE FROM errand WHERE id <= (SELECT max(id) FROM errand) - ?', [maxKept]);
  tx.journal({ kind: 'task_given', mac, body: { task: kind, target: mac } });
  return true;
}

/** The clock may be put right by so much. */
const clockSlackMs = 60_000;

/** In the order in which they were given; carried out or not. One of the future was given before the clock was set back, and is void. */
export function openErrands(db: Database, now: number): Errand[] {
  return all<Row>(
    db,
    'SELECT kind, mac, given_at, deadline_at FROM errand WHERE deadline_at > ? AND given_at <= ? ORDER BY id',
    [now, now + clockSlackMs],
  ).map(fromRow);
}

export function lastErrand(db: Database, mac: string): Errand | undefined {
  const row = one<Row>(
    db,
    'SELECT kind, mac, given_at, deadline_at FROM errand WHERE mac = ? ORDER BY id DESC LIMIT 1',
    [mac],
  );
  return row && fromRow(row);
}

function fromRow({ kind, mac, given_at: givenAt, deadline_at: deadlineAt }: Row): Errand {
  return { kind, mac, givenAt, deadlineAt };
}
