/** What a part needs from outside, passed in so that tests can stand in for it. */
import { pino, type Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };

export type { Logger } from 'pino';

export const version = packageJson.version;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; goes on when the clock is set. */
  monotonic(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Reason for breaking a sleep off; without one each `abort()` makes an error with a stack, and most sleeps are broken off. */
export const enough = 'no longer waited for';

/** Waits, works, and waits again. Disposing of it waits for what is being done; what that throws goes to `onError`. */
export function repeat(
  clock: Pick<Clock, 'sleep'>,
  everyMs: number,
  { work, onError }: { work: () => void | Promise<void>; onError: (error: unknown) => void },
): AsyncDisposable {
  const stop = new AbortController();
  const running = (async () => {
    for (;;) {
      await clock.sleep(everyMs, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        onError(error);
      }
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

export interface World {
  readonly log: Logger;
  readonly clock: Clock;
  /** Path of the settings, for who shows them. */
  readonly settingsFile?: string;
}

/** `ok` does its work; `degraded` works with something missing (reason says what); `failed` does not work. */
export interface Health {
  readonly state: 'ok' | 'degraded' | 'failed';
  readonly reason?: string;
}

/** A running part. Disposing it stops all it opened; what it committed stays. */
export interface Part extends AsyncDisposable {
  health(): Health;
  /** Since start; a name is `snake_case` and ends in what it counts, as in Prometheus, without `_total`. */
  counters(): Readonly<Record<string, number>>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  // Node's own makes an error with a stack for each sleep that is broken off, and most are.
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stopped = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stopped);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stopped, { once: true });
    });
  },
};

/** Secrets have no business in a log line; these field names are cut out wherever they stand one level deep. */
const redacted = ['password', 'authorization', 'secret', 'community', 'token', 'body'];

export function openWorld(level = 'info'): World {
  const log = pino({
    level,
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), remove: true },
  });
  return { log, clock: systemClock };
}
