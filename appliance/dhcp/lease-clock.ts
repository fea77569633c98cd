/**
 * The time that leases are judged by. Clients count seconds, and no server may end or prolong their leases because somebody
 * set its clock: the time goes on evenly, and when the wall clock was set the leases are moved along with it.
 */
import { readLeaseClock, saveLeaseClock, shiftLeases } from '../store/leases.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Clock, Logger } from '../world.ts';
import type { LeaseWriter } from './lease-writer.ts';
import type { Network } from './networks.ts';

/** Less than this is a clock that is being kept right. */
const settingMs = 5000;
const saveEveryMs = 60_000;
/** A stop of less than this needs no moving: the time is saved every minute. */
const pauseMs = 2 * saveEveryMs;
const dayMs = 86_400_000;

/**
 * For the start: time while the server was off, and what was put on the clock meanwhile, doesn't count. Which of both it was
 * can't be known, and a lease kept too long does no harm.
 */
export function resumeLeases(transaction: Transaction, now: number, longestMs: number): void {
  const { db } = transaction;
  const before = readLeaseClock(db);
  const ms = before === undefined ? 0 : now - before;
  if (ms < -settingMs || ms > pauseMs) {
    shiftLeases(db, ms, now + Math.max(longestMs, dayMs));
    transaction.journal({
      kind: 'clock_moved',
      body: { seconds: Math.round(ms / 1000), at_start: true },
    });
  }
  saveLeaseClock(db, now);
}

export interface LeaseClock extends AsyncDisposable {
  /** Like ms since 1970, and even. */
  now(): number;
  /** Moves all leases if the wall clock was set; to be called before each packet. */
  follow(): void;
}

interface Needs {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Logger;
  readonly networks: readonly Network[];
  readonly writer: LeaseWriter;
}

export function startLeaseClock({ clock, store, log, networks, writer }: Needs): LeaseClock {
  let base = clock.now() - clock.monotonic();
  const now = () => Math.round(base + clock.monotonic());
  const longestMs = Math.max(dayMs, ...networks.map(({ policy }) => policy.leaseMs));
  const move = (ms: number) => {
    base += ms;
    for (const { pool } of networks) pool.shift(ms);
  };
  const follow = () => {
    const ms = clock.now() - now();
    // What waits for its commit has the times of before.
    if (Math.abs(ms) < settingMs || !writer.isIdle) return;
    move(ms);
    const seconds = Math.round(ms / 1000);
    log.warn({ seconds }, 'the clock was set; leases are moved along');
    store
      .write((transaction) => {
        shiftLeases(transaction.db, ms, clock.now() + longestMs);
        saveLeaseClock(transaction.db, clock.now());
        transaction.journal({ kind: 'clock_moved', body: { seconds, at_start: false } });
      })
      // Not on disk: it is tried again with the next packet.
      .catch(() => move(-ms));
  };
  const stop = new AbortController();
  const saving = (async () => {
    for (;;) {
      await clock.sleep(saveEveryMs, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return;
      follow();
      // A disk that takes nothing is the lease writer's to tell.
      await store.write(({ db }) => saveLeaseClock(db, now())).catch(() => undefined);
    }
  })();
  return {
    now,
    follow,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await saving;
    },
  };
}
