/** Far ends that are asked for so long and no longer. */
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import { enough } from '../world.ts';

/** Resolves as `asked` does: when the time is over the call is taken back, and whoever rang says so. */
export async function withinTime<T>(
  { world }: Pick<Application, 'world'>,
  call: Pick<LiveCall, 'takeBack'>,
  { ms, asked }: { ms: number; asked: Promise<T> },
): Promise<T> {
  const stop = new AbortController();
  void world.clock.sleep(ms, stop.signal).then(
    () => call.takeBack?.(),
    () => undefined,
  );
  try {
    return await asked;
  } finally {
    stop.abort(enough);
  }
}
