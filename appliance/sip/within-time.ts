/** Far ends that are asked for so long and no longer. */
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import { enough } from '../world.ts';

/** Who was rung says within this time that it rings no more. One that has said nothing at all can't even be asked to stop. */
const takenBackMs = 1000;

/**
 * Resolves as `asked` does: when the time is over the call is taken back, and whoever rang says so. With `mayLeave` nobody waits for
 * who does not, if it says so then: undefined, and what comes yet is to be let go.
 */
export async function withinTime<T>(
  { world: { clock } }: Pick<Application, 'world'>,
  call: Pick<LiveCall, 'takeBack'>,
  { ms, asked, mayLeave }: { ms: number; asked: Promise<T>; mayLeave?: () => boolean },
): Promise<T | undefined> {
  const stop = new AbortController();
  const late = async (): Promise<T | undefined> => {
    await clock.sleep(ms, stop.signal);
    call.takeBack?.();
    if (mayLeave === undefined) return await asked;
    await clock.sleep(takenBackMs, stop.signal);
    return mayLeave() ? undefined : await asked;
  };
  try {
    return await Promise.race([asked, late().catch(async () => await asked)]);
  } finally {
    stop.abort(enough);
  }
}
