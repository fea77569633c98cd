/**
 * The table `box_order` of web: what the page asks root to do to the box. The page has no right to do any of it; `gatehouse orders`
 * (gatehouse-orders.service) carries orders out once each, and writes what came of them into box's own file (`outcomes.ts`). The
 * table `part_order` is the same for what a part does with its own rights.
 */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { all, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';

export type OrderArguments = Readonly<Record<string, string | number | boolean>>;

export interface BoxOrder {
  readonly id: string;
  /** `reset.factory`, `network.apply`, `update.install`…: who carries it out is looked up by it. */
  readonly kind: string;
  /** No secrets: others may read the file. */
  readonly arguments: OrderArguments;
  /** Id of the session in which the admin gave it. */
  readonly session: string;
  /** ms since 1970. */
  readonly givenAt: number;
  /** Not begun by then, it is void. */
  readonly deadlineAt: number;
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly arguments: string;
  readonly session: string;
  readonly given_at: number;
  readonly deadline_at: number;
}

/** `box_order`: for root. `part_order`: for the parts. */
export type OrderTable = 'box_order' | 'part_order';

const mostKept = 500;
/** Characters. */
const largeArguments = 4096;

/** Returns its id. {@link wakeOrders} when it is committed, for root's. */
export function giveBoxOrder(
  tx: Transaction,
  order: Omit<BoxOrder, 'id'>,
  table: OrderTable = 'box_order',
): string {
  const id = randomUUID();
  const { kind, arguments: words, session, givenAt, deadlineAt } = order;
  run(
    tx.db,
    `INSERT INTO ${table} (id, kind, arguments, session, given_at, deadline_at) VALUES (?, ?, ?, ?, ?, ?)`,
    [id, kind, JSON.stringify(words), session, givenAt, deadlineAt],
  );
  // Whole settings; void by now, whatever became of them.
  run(tx.db, `DELETE FROM ${table} WHERE kind = ? AND deadline_at < ? AND length(arguments) > ?`, [
    kind,
    givenAt,
    largeArguments,
  ]);
  run(tx.db, `DELETE FROM ${table} WHERE number <= (SELECT max(number) FROM ${table}) - ?`, [mostKept]);
  tx.journal({ kind: 'box_order_given', body: { order: kind, id, session } });
  return id;
}

/** In the order in which they were given; carried out or not. */
export function readBoxOrders(db: Database, table: OrderTable = 'box_order'): BoxOrder[] {
  return all<Row>(
    db,
    `SELECT id, kind, arguments, session, given_at, deadline_at FROM ${table} ORDER BY number`,
  ).map(fromRow);
}

/** The clock was set back since: nobody knows how old the order is. */
const clockSlackMs = 60_000;

/** Why it is not to be begun now, in words; undefined when it is. `isGood`: the admin was signed in where it was given. */
export function orderRefusal(
  { givenAt, deadlineAt }: Pick<BoxOrder, 'givenAt' | 'deadlineAt'>,
  { isGood, now }: { isGood: boolean; now: number },
): string | undefined {
  if (!isGood) return 'nobody was signed in who could have ordered this';
  return now > deadlineAt || now < givenAt - clockSlackMs ? 'it came too late: order it again' : undefined;
}

function fromRow({ id, kind, arguments: words, session, ...row }: Row): BoxOrder {
  return {
    id,
    kind,
    arguments: JSON.parse(words) as OrderArguments,
    session,
    givenAt: row.given_at,
    deadlineAt: row.deadline_at,
  };
}

/** `gatehouse-orders.path` looks for this file: while it is there, orders are to be looked at. */
function wakeFile(directory: string): string {
  return join(directory, 'web/orders-wait');
}

export function wakeOrders(directory: string): void {
  writeFileSync(wakeFile(directory), '');
}

/** Before orders are read: one that is given after that wakes again. */
export function takeWake(directory: string): void {
  rmSync(wakeFile(directory), { force: true });
}
