/** Who may try a password now: each address is slowed by its own failures and by nobody else's. Pure but for what it remembers. */

export interface Attempts {
  /** ms until this address may try; 0: now. */
  waitMs(remote: string, now: number): number;
  failed(remote: string, now: number): void;
  succeeded(remote: string): void;
}

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/** Fingers slip. */
const freeTries = 4;
const mostWaitMs = 60_000;
const forgottenAfterMs = 15 * 60_000;
/** Of more the one that failed longest ago is forgotten. */
const mostAddresses = 1000;

export function newAttempts(): Attempts {
  const failures = new Map<string, Failures>();
  const of = (remote: string, now: number): Failures | undefined => {
    const found = failures.get(remote);
    return found === undefined || Math.abs(now - found.lastAt) > forgottenAfterMs ? undefined : found;
  };
  return {
    waitMs: (remote, now) => {
      const found = of(remote, now);
      if (found === undefined || found.count < freeTries) return 0;
      const wait = Math.min(mostWaitMs, 1000 * 2 ** (found.count - freeTries));
      // A clock that was set back makes nobody wait longer than once.
      return Math.max(0, Math.min(wait, found.lastAt + wait - now));
    },
    failed: (remote, now) => {
      const count = (of(remote, now)?.count ?? 0) + 1;
      failures.delete(remote);
      failures.set(remote, { count, lastAt: now });
      const [oldest] = failures.keys();
      if (failures.size > mostAddresses && oldest !== undefined) failures.delete(oldest);
    },
    succeeded: (remote) => void failures.delete(remote),
  };
}
