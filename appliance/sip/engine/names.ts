/**
 * What the name service says of servers that we connect to. In an outage a name service is silent for half a minute or lies: everybody who
 * waits for the same name waits for one question, not for long, and then makes do with what was known before. A wrong address
 * does no harm, since the server there must prove its name.
 */
import type { TimerQueue } from './timers.ts';

const limits = { askMs: 3000, names: 64 } as const;

/** Rejects when nothing is known and nobody answers within three seconds. */
export function newNames<Answer>(
  lookup: (name: string) => Promise<Answer>,
  timers: TimerQueue,
): (name: string) => Promise<Answer> {
  const known = new Map<string, Answer>();
  const asking = new Map<string, Promise<Answer>>();
  const ask = (host: string): Promise<Answer> => {
    const open = asking.get(host);
    if (open !== undefined) return open;
    const asked = lookup(host)
      .then((answer) => {
        if (known.size < limits.names || known.has(host)) known.set(host, answer);
        return answer;
      })
      .finally(() => asking.delete(host));
    // Whoever gave up waiting doesn't hear of its failure.
    asked.catch(() => undefined);
    asking.set(host, asked);
    return asked;
  };
  return async (host) => {
    const late = Promise.withResolvers<never>();
    const timer = timers.after(limits.askMs, () =>
      late.reject(new Error(`no answer from the name service within ${limits.askMs} ms`)),
    );
    try {
      return await Promise.race([ask(host), late.promise]);
    } catch (error) {
      const before = known.get(host);
      if (before === undefined) throw error;
      return before;
    } finally {
      timer.cancel();
    }
  };
}
