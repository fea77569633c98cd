/** A part's own file: the one connection that writes, one commit for everything of one turn of the event loop. */
import { join } from 'node:path';
import type { Clock } from '../world.ts';
import { openDatabase, run, type Database } from './database.ts';
import { Journal, type JournalEntry, type JournalQuota } from './journal.ts';
import type { PartName } from './journal-kinds.ts';

/** What a write may do; valid only during the call that it was handed to. */
export interface Transaction {
  readonly db: Database;
  journal(entry: JournalEntry): void;
}

export interface Store extends Disposable {
  /** For reading in table files; never write through it. */
  readonly db: Database;
  /**
   * Runs `work` inside this turn's shared transaction, synchronously and on its own savepoint, and resolves after the
   * COMMIT that makes it durable. Rejects with what `work` threw (nothing of it is kept), or with the commit's error
   * (nothing of the turn is kept).
   */
  write<T>(work: (transaction: Transaction) => T): Promise<T>;
  /** Called after each commit: readers in this process can't see it by `data_version` on this connection. */
  onCommit(listener: () => void): Disposable;
}

interface StoreOptions {
  /** The site's state directory; the part's own folder is made below it. */
  readonly directory: string;
  readonly part: PartName;
  readonly clock: Pick<Clock, 'now'>;
  readonly quota?: Partial<JournalQuota>;
}

interface Pending {
  run(transaction: Transaction): void;
  settle(error?: unknown): void;
}

export function openStore({ directory, part, clock, quota }: StoreOptions): Store {
  const db = openDatabase({ file: storeFile(directory, part), migrations: part, synchronous: 'FULL' });
  const journal = new Journal(db, { part, clock, ...(quota ? { quota } : {}) });
  const listeners = new Set<() => void>();
  let queue: Pending[] = [];
  let wake: NodeJS.Timeout | undefined;

  /** Counted rows must become visible although nobody writes any more. */
  const wakeForRepeats = () => {
    clearTimeout(wake);
    if (journal.nextDue === 0) return;
    wake = setTimeout(
      () => void store.write(() => undefined).catch(() => undefined),
      Math.max(1, journal.nextDue - clock.now() + 1),
    ).unref();
  };

  const flush = () => {
    const turn = queue;
    queue = [];
    const error = commitTurn(db, journal, turn);
    for (const pending of turn) pending.settle(error);
    if (error === undefined) for (const listener of listeners) listener();
    wakeForRepeats();
  };

  const store: Store = {
    db,
    write: async (work) =>
      await new Promise((resolve, reject) => {
        if (queue.length === 0) setImmediate(flush);
        queue.push(pendingWrite(work, resolve, reject));
      }),
    onCommit: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
    [Symbol.dispose]: () => {
      if (queue.length > 0) flush();
      clearTimeout(wake);
      // Not closed: a clean close removes the WAL, and readers of another user could then not open the file.
    },
  };
  return store;
}

/** Where a part's facts are, for owner and readers alike. */
export function storeFile(directory: string, part: PartName): string {
  return join(directory, part, `${part}.db`);
}

function pendingWrite<T>(
  work: (transaction: Transaction) => T,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Pending {
  let result: { value: T } | { error: unknown };
  return {
    run: (transaction) => {
      try {
        run(transaction.db, 'SAVEPOINT work');
        result = { value: work(transaction) };
        run(transaction.db, 'RELEASE work');
      } catch (error) {
        result = { error };
        if (!transaction.db.inTransaction) throw error;
        run(transaction.db, 'ROLLBACK TO work');
        run(transaction.db, 'RELEASE work');
      }
    },
    settle: (commitError) => {
      if (commitError !== undefined) reject(commitError);
      else if ('error' in result) reject(result.error);
      else resolve(result.value);
    },
  };
}

/** Returns the error that undid the whole turn, if one did. */
function commitTurn(db: Database, journal: Journal, turn: readonly Pending[]): unknown {
  try {
    run(db, 'BEGIN IMMEDIATE');
    const transaction: Transaction = { db, journal: (entry) => journal.append(entry) };
    for (const pending of turn) pending.run(transaction);
    journal.housekeep();
    run(db, 'COMMIT');
    return undefined;
  } catch (error) {
    if (db.inTransaction) run(db, 'ROLLBACK');
    journal.forget();
    return error;
  }
}
