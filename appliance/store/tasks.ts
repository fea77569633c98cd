/**
 * The table `task` of web: orders to other parts. Who carries one out writes the result in its own journal. Web's file has
 * one more writer, the command line, so that orders can be given while no page runs.
 */
import { all, one, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';

/** `bypass`: hand the phone back to the cloud's own addresses. `lead`: as the settings say again. */
export type TaskKind = 'bypass' | 'lead';

export interface Task {
  readonly kind: TaskKind;
  /** MAC, or {@link everyPhone}. */
  readonly target: string;
  /** ms since 1970. */
  readonly givenAt: number;
  /** By then it should be carried out. */
  readonly deadlineAt: number;
}

export const everyPhone = '*';

/** Half of a lease of DHCP's default eight hours, in which every phone renews, and time to be switched on in the morning. */
export const leavingPatienceMs = 24 * 3_600_000;

interface Row {
  readonly kind: TaskKind;
  readonly target: string;
  readonly given_at: number;
  readonly deadline_at: number;
}

/** The order that counts for this phone: the last one that names it or every phone. */
export function taskOf(db: Database, mac: string): Task | undefined {
  const row = one<Row>(
    db,
    'SELECT kind, target, given_at, deadline_at FROM task WHERE target IN (?, ?) ORDER BY id DESC LIMIT 1',
    [mac, everyPhone],
  );
  return row && fromRow(row);
}

/** All that count for somebody, in the order in which they were given. */
export function readTasks(db: Database): Task[] {
  return all<Row>(db, 'SELECT kind, target, given_at, deadline_at FROM task ORDER BY id').map(fromRow);
}

/** Takes the place of every order that it overrules; the journal keeps what was ordered before. */
export function giveTask(tx: Transaction, task: Task): void {
  const { kind, target, givenAt, deadlineAt } = task;
  if (target === everyPhone) run(tx.db, 'DELETE FROM task');
  else run(tx.db, 'DELETE FROM task WHERE target = ?', [target]);
  run(tx.db, 'INSERT INTO task (kind, target, given_at, deadline_at) VALUES (?, ?, ?, ?)', [
    kind,
    target,
    givenAt,
    deadlineAt,
  ]);
  tx.journal({
    kind: 'task_given',
    ...(target === everyPhone ? {} : { mac: target }),
    body: { task: kind, target },
  });
}

function fromRow({ kind, target, given_at: givenAt, deadline_at: deadlineAt }: Row): Task {
  return { kind, target, givenAt, deadlineAt };
}
