/**
 * Time that goes on evenly: registrations and calls last as long as was agreed, whatever is done to the clock of the box. When that is
 * set, what is counted in this time is moved along with it.
 */
import type { Clock } from '../world.ts';

export interface EvenTime {
  /** Like ms since 1970. */
  now(): number;
  /** ms by which the wall clock was set since it was asked last: this time has gone over to it. Mostly 0. */
  follow(): number;
  /** By the clock before it was set forward, for two minutes: what others wrote down may not have been moved along yet. */
  before(): number;
}

/** Less than this is a clock that is being kept right. */
const settingMs = 5000;
/** Leases are moved with the next packet, or within a minute. */
const othersMs = 120_000;

export function newEvenTime(clock: Pick<Clock, 'now' | 'monotonic'>): EvenTime {
  let base = clock.now() - clock.monotonic();
  let last = { forward: 0, at: -Infinity };
  const now = () => Math.round(base + clock.monotonic());
  return {
    now,
    follow: () => {
      const ms = clock.now() - now();
      if (Math.abs(ms) < settingMs) return 0;
      base += ms;
      last = { forward: Math.max(ms, 0), at: clock.monotonic() };
      return ms;
    },
    before: () => now() - (clock.monotonic() - last.at < othersMs ? last.forward : 0),
  };
}
