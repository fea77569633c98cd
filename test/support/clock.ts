/** A clock that stands still until a test moves it. */
import type { Clock } from '../../appliance/world.ts';

export interface FakeClock extends Clock {
  /** Moves time on and wakes those whose sleep has ended, in order. */
  advance(ms: number): Promise<void>;
  /** Sets the time of day; no time goes by. */
  set(now: number): void;
}

export function fakeClock(start = Date.UTC(2026, 0, 5, 12)): FakeClock {
  let now = start;
  let wasSet = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now + wasSet,
    monotonic: () => now - start,
    set: (time) => {
      wasSet = time - now;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason as Error);
        });
      });
    },
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        const next = Array.from(sleepers)
          .filter((sleeper) => sleeper.at <= end)

          .toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers.delete(next);
        now = Math.max(now, next.at);
        next.wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = end;
    },
  };
}

/** The wall's clock, which a test may also move on: for parts whose sockets need real time between. */
export function hurriedClock(): FakeClock {
  let ahead = 0;
  let wasSet = 0;
  const now = () => Date.now() + ahead + wasSet;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now,
    monotonic: () => performance.now() + ahead,
    set: (time) => {
      wasSet += time - now();
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const sleeper = { at: now() - wasSet + ms, wake: () => finish(resolve) };
        const timer = setTimeout(sleeper.wake, ms);
        const stopped = () => finish(() => reject(signal?.reason as Error));
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', stopped);
          settle();
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', stopped);
      });
    },
    advance: async (ms) => {
      ahead += ms;
      for (const sleeper of sleepers) if (sleeper.at <= now() - wasSet) sleeper.wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
