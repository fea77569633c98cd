/** The table `outcome` of box, and of parts that carry out orders: what came of each, from the moment it was begun. */
import { existsSync, readFileSync } from 'node:fs';
import { all, one, run, type Database } from './database.ts';
import { readFacts } from './phones.ts';
import type { Store, Transaction } from './store.ts';

export type OutcomeState = 'running' | 'done' | 'refused' | 'failed';

export interface Outcome {
  readonly orderId: string;
  readonly kind: string;
  readonly state: OutcomeState;
  /** For whoever gave the order: how far it is, or how it ended. */
  readonly words: string;
  /** ms since 1970. */
  readonly beganAt: number;
  readonly changedAt: number;
}

interface Row {
  readonly order_id: string;
  readonly kind: string;
  readonly state: OutcomeState;
  readonly words: string;
  readonly began_at: number;
  readonly changed_at: number;
  readonly runner: string;
}

interface Beginning {
  readonly orderId: string;
  readonly kind: string;
  /** `page` or `command`. */
  readonly by: string;
  readonly now: number;
}

const columns = 'order_id, kind, state, words, began_at, changed_at, runner';
const mostKept = 500;
const dayMs = 86_400_000;

/** False: it was begun before, or one of its kind is being carried out right now; it is not to be begun then. */
export function beginOutcome(tx: Transaction, { orderId, kind, by, now }: Beginning): boolean {
  const isTaken = all<Row>(tx.db, `SELECT ${columns} FROM outcome WHERE order_id = ? OR state = 'running'`, [
    orderId,
  ]).some((row) => row.order_id === orderId || row.kind === kind);
  if (isTaken) return false;
  run(tx.db, `INSERT INTO outcome (${columns}) VALUES (?, ?, 'running', '', ?, ?, ?)`, [
    orderId,
    kind,
    now,
    now,
    thisRunner(),
  ]);
  // Of before the clock was set back: until then they would stand above all that comes, and crowd it out.
  run(tx.db, `DELETE FROM outcome WHERE state <> 'running' AND began_at > ?`, [now + dayMs]);
  run(
    tx.db,
    `DELETE FROM outcome WHERE state <> 'running' AND order_id NOT IN (SELECT order_id FROM outcome ORDER BY began_at DESC LIMIT ?)`,
    [mostKept],
  );
  tx.journal({ kind: 'order_began', body: { order: kind, id: orderId, by } });
  return true;
}

/** Progress; nothing is journaled. */
export function tellOutcome(db: Database, orderId: string, told: { words: string; now: number }): void {
  run(db, `UPDATE outcome SET words = ?, changed_at = ? WHERE order_id = ? AND state = 'running'`, [
    told.words,
    told.now,
    orderId,
  ]);
}

interface End {
  readonly orderId: string;
  readonly kind: string;
  readonly state: Exclude<OutcomeState, 'running'>;
  readonly words: string;
  readonly now: number;
}

/** An order that was never begun gets its end all the same. */
export function endOutcome(tx: Transaction, { orderId, kind, state, words, now }: End): void {
  run(
    tx.db,
    `INSERT INTO outcome (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, words = excluded.words, changed_at = excluded.changed_at`,
    [orderId, kind, state, words, now, now, thisRunner()],
  );
  tx.journal({ kind: 'order_ended', body: { order: kind, id: orderId, state, words } });
}

/**
 * Ends those whose process is gone, by kill, power cut or a restart that it ordered itself. `isAlone`: whoever has just started and
 * carries out all of them; then none is under way, also where each process gets the number of the last one.
 */
export async function endInterrupted(
  store: Pick<Store, 'db' | 'write'>,
  { now, isAlone = false }: { now: number; isAlone?: boolean },
): Promise<void> {
  const cut = all<Row>(store.db, `SELECT ${columns} FROM outcome WHERE state = 'running'`).filter(
    ({ runner }) => isAlone || !isAlive(runner),
  );
  if (cut.length === 0) return;
  const words = 'it was interrupted: look how far it came, and order it again';
  await store.write((tx) => {
    for (const { order_id: orderId, kind } of cut)
      endOutcome(tx, { orderId, kind, state: 'failed', words, now });
  });
}

export function outcomeOf(db: Database, orderId: string): Outcome | undefined {
  const row = one<Row>(db, `SELECT ${columns} FROM outcome WHERE order_id = ?`, [orderId]);
  return row && fromRow(row);
}

/** Who carries out orders of the admin. */
const owners = ['box', 'provisioning'] as const;

/** The newest first. `kind`: a whole kind, or what kinds begin with (`update.`). Empty where nothing was ever ordered. */
export function readOutcomes(directory: string, kind: string, limit: number): Outcome[] {
  const read = (db: Database) =>
    all<Row>(
      db,
      `SELECT ${columns} FROM outcome WHERE substr(kind, 1, ?) = ? ORDER BY began_at DESC LIMIT ?`,
      [kind.length, kind, limit],
    ).map(fromRow);
  const found = owners.flatMap((owner) => readFacts(directory, owner, read));
  return found.toSorted((a, b) => b.beganAt - a.beganAt).slice(0, limit);
}

/** By id; undefined while it was not begun. */
export function readOutcome(directory: string, orderId: string): Outcome | undefined {
  const read = (db: Database) => [outcomeOf(db, orderId)].filter((outcome) => outcome !== undefined);
  return owners.flatMap((owner) => readFacts(directory, owner, read))[0];
}

function thisRunner(): string {
  return `${process.pid}@${bootId()}`;
}

function isAlive(runner: string): boolean {
  const [pid, boot] = runner.split('@');
  return boot === bootId() && existsSync(`/proc/${pid}`);
}

/** Parts see nothing of /proc but processes (`ProcSubset=pid`); they need not know either, being alone. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function fromRow({ order_id: orderId, kind, state, words, ...row }: Row): Outcome {
  return { orderId, kind, state, words, beganAt: row.began_at, changedAt: row.changed_at };
}
