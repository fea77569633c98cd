/**
 * The table `box_order` of web: what the page asks root to do to the box. The page has no right to do any of it; `gatehouse orders`
 * (gatehouse-orders.service) carries orders out once each, and writes what came of them into box's own file (`outcomes.ts`).
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

const mostKept = 500;

/** Returns its id. {@link wakeOrders} when it is committed. */
export function giveBoxOrder(tx: Transaction, order: Omit<BoxOrder, 'id'>): string {
  const id = randomUUID();
  const { kind, arguments: words, session, givenAt, deadlineAt } = order;
  run(
    tx.db,
    'INSERT INTO box_order (id, kind, arguments, session, given_at, deadline_at) VALUES (?, ?, ?, ?, ?, ?)',
    [id, kind, JSON.stringify(words), session, givenAt, deadlineAt],
  );
  run(tx.db, 'DELETE FROM box_order WHERE number <= (SELECT max(number) FROM box_order) - ?', [mostKept]);
  tx.journal({ kind: 'box_order_given', body: { order: kind, id, session } });
  return id;
}

/** In the order in which they were given; carried out or not. */
export function readBoxOrders(db: Database): BoxOrder[] {
  return all<Row>(
    db,
    'SELECT id, kind, arguments, session, given_at, deadline_at FROM box_order ORDER BY number',
  ).map(fromRow);
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
