/**
 * A registrar that says 503 to two phones, and for how long (RFC 3261 section 21.5.4), says it to everybody here: until then no phone
 * asks it to register. To one it may say so for that one's own sake, and that one alone stays away. Pure but for what it remembers;
 * times in ms by a clock that nobody sets.
 */
import type { SipHeader } from '../protocol/sip-message.ts';
import { retryAfterMs } from './engine/retry-after.ts';

export interface RegistrarRests {
  /** Of its answer to a REGISTER of that name. */
  heard(registrar: string, answered: Answered, now: number): void;
  /** Seconds after which a phone may come again, another number each time, so that they don't come all at once; 0: now. */
  left(registrar: string, now: number): number;
}

export interface Answered {
  /** By its MAC or address: a phone with two lines says the same twice. */
  readonly phone: string;
  readonly response: { readonly status: number; readonly headers: readonly SipHeader[] };
}

/** One that means only one phone, or names an hour by mistake, must not keep a site from registering for longer. */
const longestMs = 300_000;
/** Phones come back over so many seconds. */
const spreadSeconds = 30;
/** Phones ask anew a little before their time is over, and some refuse times that are shorter. */
const leastSeconds = 10;

export function newRegistrarRests(): RegistrarRests {
  const busy = new Map<
    string,
    { readonly phone: string; readonly until: number; readonly isForAll: boolean }
  >();
  return {
    heard: (registrar, { phone, response }, now) => {
      const ms = response.status === 503 ? retryAfterMs(response) : undefined;
      const before = busy.get(registrar);
      if (ms !== undefined) {
        const isRunning = before !== undefined && before.until > now;
        const isForAll = isRunning && (before.isForAll || before.phone !== phone);
        busy.set(registrar, { phone, until: now + Math.min(ms, longestMs), isForAll });
      } else if (response.status !== 503 && before?.phone !== phone) busy.delete(registrar);
    },
    left: (registrar, now) => {
      const { until, isForAll } = busy.get(registrar) ?? { until: now, isForAll: false };
      const seconds = isForAll ? Math.ceil((until - now) / 1000) : 0;
      return seconds > 0
        ? Math.max(leastSeconds, seconds) + Math.floor(Math.random() * (spreadSeconds + 1))
        : 0;
    },
  };
}
