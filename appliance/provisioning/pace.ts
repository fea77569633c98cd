/**
 * How fast large files leave: one rate for all together, each transfer its turn with one piece. Phones that get their
 * pieces slowly wait; phones that are refused come back in their own time, some only days later.
 */
import type { Clock } from '../world.ts';

export interface Pace {
  /** Resolves when this piece may go, in the order of asking. Rejects when the signal is aborted. */
  turn(bytes: number, signal: AbortSignal): Promise<void>;
}

/** What may go at once after a rest, ms of the rate: more would fill the queue of a switch. */
const burstMs = 20;

export function newPace(clock: Omit<Clock, 'now'>, bytesPerSecond: number): Pace {
  let last = Promise.resolve();
  /** When the link is free again, on the monotonic clock. */
  let freeAt = -Infinity;
  const takeTurn = async (before: Promise<void>, bytes: number, signal: AbortSignal) => {
    await before;
    signal.throwIfAborted();
    const now = clock.monotonic();
    freeAt = Math.max(now - burstMs, freeAt);
    if (freeAt > now) await clock.sleep(freeAt - now, signal);
    freeAt += (bytes * 1000) / bytesPerSecond;
    // Requests that have come meanwhile go first.
    await new Promise(setImmediate);
  };
  return {
    turn: (bytes, signal) => {
      const mine = takeTurn(last, bytes, signal);
      // One that gave up does not stop those behind it.
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
