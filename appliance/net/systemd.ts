/** What systemd hears of a service of Type=notify: sd_notify(3), by the descriptor that `systemd/with-notify` left us. */
import { writeSync } from 'node:fs';
import type { Clock } from '../world.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Says that the service is ready, then that it is alive, twice in the time that the unit's WatchdogSec allows: a process whose
 * event loop stands still falls silent, and is killed and started again. Disposed, it says that the service is stopping. Does
 * nothing when nobody supervises.
 */
export function reportToSystemd(clock: Clock, env: Environment = process.env): AsyncDisposable {
  const fd = numberIn(env, 'NOTIFY_FD');
  if (fd === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  const stop = new AbortController();
  tell(fd, 'READY=1');
  const everyMs = watchdogMs(env) / 2;
  const telling = (async () => {
    while (Number.isFinite(everyMs) && !stop.signal.aborted) {
      tell(fd, 'WATCHDOG=1');
      await clock.sleep(everyMs, stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await telling;
      tell(fd, 'STOPPING=1');
    },
  };
}

/** Infinite where the unit asks for no watchdog, or asks another process. */
function watchdogMs(env: Environment): number {
  const isOurs = [undefined, process.pid].includes(numberIn(env, 'WATCHDOG_PID'));
  const microseconds = numberIn(env, 'WATCHDOG_USEC');
  return isOurs && microseconds !== undefined && microseconds > 0 ? microseconds / 1000 : Infinity;
}

function numberIn(env: Environment, name: string): number | undefined {
  const text = env[name] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function tell(fd: number, words: string): void {
  try {
    writeSync(fd, words);
  } catch {
    // systemd restarts itself at times: the next word finds it again, and a part doesn't end for this.
  }
}
