/** One commit for everything of one turn of the event loop, each piece of work on its own savepoint. */
import { run, type Database } from './database.ts';
import type { WalSync } from './wal-sync.ts';

export interface Turns<Given> {
  /**
   * Runs `work` inside this turn's shared transaction, synchronously and on its own savepoint, and resolves after the
   * COMMIT that makes it durable. Rejects with what `work` threw (nothing of it is kept), with the commit's error
   * (nothing of the turn is kept), or with that of a sync apart (it is kept, but perhaps not over a power cut).
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
  /** After it: the error undid the whole turn, or is that of its sync. */
  readonly onEnd?: (error: unknown) => void;
  /** Where COMMIT itself does not sync. What is written while a sync runs shares the next commit. */
  readonly sync?: WalSync;
  /** No commit begins sooner after the one before: what is written meanwhile shares it. Milliseconds. */
  readonly pauseMs?: number;
}

const soonMs = 100;
/** A file that another program holds is tried again so often, and given up after so long, all without holding up anybody else. */
const busy = { retryMs: 20, patienceMs: 5000 } as const;

interface Pending<Given> {
  run(db: Database, given: Given): void;
  settle(error?: unknown): void;
}

export function newTurns<Given>(db: Database, rules: TurnRules<Given>): Turns<Given> {
  let queue: Pending<Given>[] = [];
  let turnEnd: TakeBack | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Committed, and on its way to the disk. */
  let syncing: ((failure?: unknown) => void) | undefined;
  let isDue = false;
  let pausesUntil = 0;
  const isHeld = newPatience(db);
  const commit = () => {
    turnEnd?.();
    clearTimeout(timer);
    turnEnd = timer = undefined;
    isDue = false;
    pausesUntil = performance.now() + (rules.pauseMs ?? 0);
    const turn = queue;
    queue = [];
    const error = commitTurn(db, turn, rules);
    const settle = (failure?: unknown) => {
      for (const pending of turn) pending.settle(error ?? failure);
      rules.onEnd?.(error ?? failure);
    };
    return { error, settle };
  };
  const flush = () => {
    if (isHeld()) {
      turnEnd = atEndOfTurn(flush, performance.now() + busy.retryMs);
      return;
    }
    const { error, settle } = commit();
    if (rules.sync === undefined || error !== undefined) return settle();
    syncing = settle;
    rules.sync.later((failure) => {
      // Else `end` was faster.
      if (syncing !== settle) return;
      syncing = undefined;
      settle(failure);
      if (isDue) schedule();
    });
  };
  const schedule = () => {
    if (syncing !== undefined) isDue = true;
    else turnEnd ??= atEndOfTurn(flush, pausesUntil);
  };
  const queued = async <T>(work: (given: Given) => T, wake: () => void) =>
    await new Promise<T>((resolve, reject) => {
      queue.push(pendingWrite(work, resolve, reject));
      wake();
    });
  return {
    write: async (work) => await queued(work, schedule),
    soon: async (work) => await queued(work, () => (timer ??= setTimeout(schedule, soonMs))),
    end: () => {
      const before = syncing;
      syncing = undefined;
      const last = queue.length > 0 ? commit() : undefined;
      const failure = before === undefined && last === undefined ? undefined : failureOf(rules.sync);
      before?.(failure);
      last?.settle(failure);
    },
  };
}

type TakeBack = () => void;

/** Or at that moment, when it is later. */
function atEndOfTurn(act: () => void, moment: number): TakeBack {
  const ms = moment - performance.now();
  if (ms <= 0) {
    const immediate = setImmediate(act);
    return () => clearImmediate(immediate);
  }
  const timeout = setTimeout(act, ms);
  return () => clearTimeout(timeout);
}

function failureOf(sync: WalSync | undefined): unknown {
  try {
    sync?.now();
    return undefined;
  } catch (error) {
    return error;
  }
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

/** Begins a transaction, or says that it is worth coming again: another program holds the file, and not for too long yet. */
function newPatience(db: Database): () => boolean {
  let since: number | undefined;
  return () => {
    const now = performance.now();
    const isHeld = !begin(db) && now - (since ??= now) < busy.patienceMs;
    if (!isHeld) since = undefined;
    return isHeld;
  };
}

/** False while another program holds the file. Any other error comes again with the turn itself. */
function begin(db: Database): boolean {
  try {
    run(db, 'BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== 'SQLITE_BUSY';
  }
}

/** Returns the error that undid the whole turn, if one did. */
function commitTurn<Given>(
  db: Database,
  turn: readonly Pending<Given>[],
  { given, onCommit }: TurnRules<Given>,
): unknown {
  try {
    if (!db.inTransaction) run(db, 'BEGIN IMMEDIATE');
    for (const pending of turn) pending.run(db, given);
    onCommit?.();
    run(db, 'COMMIT');
    return undefined;
  } catch (error) {
    if (db.inTransaction) run(db, 'ROLLBACK');
    return error;
  }
}
