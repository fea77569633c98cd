/** Everything of one turn of the event loop goes into one commit; answers leave after it, or not at all. */
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import type { JournalEntry } from '../store/journal.ts';
import { extendLease, forgetLease, releaseLease, saveLease, saveSent, snoopLease } from '../store/leases.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Clock, Logger } from '../world.ts';
import type { Counters } from './counters.ts';
import type { Decision, LeaseChange } from './decision.ts';

interface Needs {
  readonly store: Pick<Store, 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Sends what was decided. */
type Answer = () => void;

/** Has a change. */
interface Waiting {
  readonly decision: Decision;
  readonly change: LeaseChange;
  readonly answer: Answer | undefined;
}

/** What one commit carries. */
interface Turn {
  readonly changes: readonly Waiting[];
  readonly reports: readonly JournalEntry[];
}

interface Failure {
  readonly reason: string;
  readonly unanswered: number;
}

const save = { saved: saveLease, extended: extendLease, snooped: snoopLease } as const;

const retryMs = 2000;
/** Reports are told at this rate at most: a flood of odd packets must not become a flood of rows. */
const reportRate = { burst: 50, perSecond: 5 };

export class LeaseWriter implements AsyncDisposable {
  readonly #needs: Needs;
  readonly #stop = new AbortController();
  #changes: Waiting[] = [];
  #reports: JournalEntry[] = [];
  #isScheduled = false;
  #committing = 0;
  #failure: Failure | undefined;
  #retrying: Promise<void> | undefined;
  readonly #reportBucket = newTokenBucket(reportRate);

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Sends the answer as soon as the lease that it promises is on disk; at once when it promises none. */
  take(decision: Decision, answer: Answer | undefined): void {
    const { change } = decision;
    if (change === undefined) {
      if (decision.journal !== undefined) this.report(decision.journal);
      this.#answer(decision, answer);
      return;
    }
    this.#changes.push({ decision, change, answer });
    this.#schedule();
  }

  /** A journal row that no answer waits for; dropped when there are too many. */
  report(entry: JournalEntry): void {
    const isFull = this.#reports.length >= reportRate.burst;
    if (isFull || !takeToken(this.#reportBucket, this.#needs.clock.now())) {
      this.#needs.counters.add('unreported');
      return;
    }
    this.#reports.push(entry);
    this.#schedule();
  }

  /** True when nothing waits for its commit, or for that to be on disk. */
  get isIdle(): boolean {
    return this.#changes.length === 0 && this.#committing === 0;
  }

  /** Why leases can't be saved at present. */
  problem(): string | undefined {
    return this.#failure && `leases can't be saved: ${this.#failure.reason}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#retrying;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // The store commits at the end of the turn that it is asked in. libuv reads at most 32 datagrams a turn: in a storm one
    // turn more doubles what a commit carries, and otherwise it costs microseconds.
    setImmediate(() => void this.#commit());
  }

  async #commit(): Promise<void> {
    let turn: Turn | undefined;
    this.#committing += 1;
    try {
      await this.#needs.store.write((transaction) => {
        turn = this.#takeTurn();
        this.#write(transaction, turn);
      });
    } catch (error) {
      this.#giveUp(turn, error);
      return;
    } finally {
      this.#committing -= 1;
    }
    if (this.#failure !== undefined) {
      this.#needs.log.info({ ...this.#failure }, 'leases are saved again');
      this.#failure = undefined;
    }
    for (const { decision, answer } of turn?.changes ?? []) this.#answer(decision, answer);
  }

  #takeTurn(): Turn {
    const turn = { changes: this.#changes, reports: this.#reports };
    this.#changes = [];
    this.#reports = [];
    this.#isScheduled = false;
    return turn;
  }

  #write(transaction: Transaction, { changes, reports }: Turn): void {
    const { db } = transaction;
    const sent = new Set<string>();
    for (const { decision, change } of changes) {
      const { write, forget } = change;
      if (forget !== undefined) forgetLease(db, forget);
      if (write.as === 'released') releaseLease(db, write.ip, write.at);
      else {
        save[write.as](db, write.row);
        sent.add(write.row.sent);
      }
      if (decision.journal !== undefined) transaction.journal(decision.journal);
    }
    for (const options of sent) saveSent(db, options);
    for (const entry of reports) transaction.journal(entry);
    if (this.#failure !== undefined) transaction.journal({ kind: 'recovered', body: { ...this.#failure } });
  }

  /**
   * Nobody hears of what is not on disk: clients ask again. What was decided since then goes with it, for it may rest on it.
   * `turn` is undefined when the database refused even to begin.
   */
  #giveUp(turn: Turn | undefined, error: unknown): void {
    const since = this.#takeTurn();
    const changes = [...(turn?.changes ?? []), ...since.changes];
    this.#reports = [...(turn?.reports ?? []), ...since.reports];
    for (const { change } of changes.toReversed()) change.undo();
    this.#needs.counters.add('unsaved', changes.length);
    if (this.#failure === undefined) this.#needs.log.error({ err: error }, 'leases cannot be saved');
    this.#failure = {
      reason: reasonOf(error),
      unanswered: (this.#failure?.unanswered ?? 0) + changes.length,
    };
    this.#retrying ??= this.#retry();
  }

  /** Notices that saving works again even when no client asks. */
  async #retry(): Promise<void> {
    const { signal } = this.#stop;
    while (this.problem() !== undefined && !signal.aborted) {
      await this.#needs.clock.sleep(retryMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#commit();
    }
    this.#retrying = undefined;
  }

  #answer({ reply, change }: Decision, answer: Answer | undefined): void {
    if (reply !== undefined && answer !== undefined) {
      this.#needs.counters.add(`${reply.type}s`);
      answer();
    } else if (change !== undefined) {
      const { write } = change;
      this.#needs.counters.add(write.as === 'released' ? write.as : write.row.state);
    }
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_FULL') return 'the disk is full';
  if (code.startsWith('SQLITE_READONLY')) return 'the disk can only be read';
  if (code.startsWith('SQLITE_IOERR')) return 'the disk reports an error';
  return error instanceof Error ? error.message : String(error);
}
