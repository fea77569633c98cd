/** A clock that stands still until a test moves it. */
import type { Clock } from '../../appliance/world.ts';

export interface FakeClock extends Clock {
  /** Moves time on and wakes those whose sleep has ended, in order. */
  advance(ms: number): Promise<void>;
}

export function fakeClock(start = Date.UTC(2026, 0, 5, 12)): FakeClock {
  let now = start;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
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
