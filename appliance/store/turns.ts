/** One commit for everything of one turn of the event loop, each piece of work on its own savepoint. */
import { run, type Database } from './database.ts';

export interface Turns<Given> {
  /**
   * Runs `work` inside this turn's shared transaction, synchronously and on its own savepoint, and resolves after the
   * COMMIT that makes it durable. Rejects with what `work` threw (nothing of it is kept), or with the commit's error
   * (nothing of the turn is kept).
   */
  readonly write: <T>(work: (given: Given) => T) => Promise<T>;
  /** The same for what nobody waits for: in the next turn that commits, at the latest a tenth of a second later. */
  readonly soon: <T>(work: (given: Given) => T) => Promise<T>;
  /** Commits what waits, now. */
  end(): void;
}

interface TurnRules<Given> {
  /** What each piece of work gets. */
  readonly given: Given;
  /** Last inside the transaction. */
  readonly onCommit?: () => void;
  /** After it: the error undid the whole turn. */
  readonly onEnd?: (error: unknown) => void;
}

const soonMs = 100;

interface Pending<Given> {
  run(db: Database, given: Given): void;
  settle(error?: unknown): void;
}

export function newTurns<Given>(db: Database, rules: TurnRules<Given>): Turns<Given> {
  let queue: Pending<Given>[] = [];
  let turnEnd: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearImmediate(turnEnd);
    clearTimeout(timer);
    turnEnd = timer = undefined;
    const turn = queue;
    queue = [];
    const error = commitTurn(db, turn, rules);
    for (const pending of turn) pending.settle(error);
    rules.onEnd?.(error);
  };
  return {
    write: async (work) =>
      await new Promise((resolve, reject) => {
        turnEnd ??= setImmediate(flush);
        queue.push(pendingWrite(work, resolve, reject));
      }),
    soon: async (work) =>
      await new Promise((resolve, reject) => {
        timer ??= setTimeout(flush, soonMs);
        queue.push(pendingWrite(work, resolve, reject));
      }),
    end: () => {
      if (queue.length > 0) flush();
    },
  };
}

function pendingWrite<Given, T>(
  work: (given: Given) => T,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Pending<Given> {
  let result: { value: T } | { error: unknown };
  return {
    run: (db, given) => {
      try {
        run(db, 'SAVEPOINT work');
        result = { value: work(given) };
        run(db, 'RELEASE work');
      } catch (error) {
        result = { error };
        if (!db.inTransaction) throw error;
        run(db, 'ROLLBACK TO work');
        run(db, 'RELEASE work');
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
function commitTurn<Given>(
  db: Database,
  turn: readonly Pending<Given>[],
  { given, onCommit }: TurnRules<Given>,
): unknown {
  try {
    run(db, 'BEGIN IMMEDIATE');
    for (const pending of turn) pending.run(db, given);
    onCommit?.();
    run(db, 'COMMIT');
    return undefined;
  } catch (error) {
    if (db.inTransaction) run(db, 'ROLLBACK');
    return error;
  }
}
