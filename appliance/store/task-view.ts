/** Orders as the parts see that carry them out: asked at each packet or request, so that none waits for a restart. */
import type { Clock } from '../world.ts';
import { openLateReader } from './late-reader.ts';
import { readTasks, taskOf } from './tasks.ts';

export interface TaskView extends Disposable {
  /** The phone was ordered back to the cloud's own addresses. */
  isBypassed(mac: string): boolean;
}

/** A file of web that can't be read counts as one without orders: it must not keep a phone from its address. */
export function openTaskView(directory: string, clock: Pick<Clock, 'now'>): TaskView {
  const web = openLateReader({ directory, part: 'web', clock, probe: readTasks });
  return {
    isBypassed: (mac) => {
      try {
        const db = web.database();
        return db !== undefined && taskOf(db, mac)?.kind === 'bypass';
      } catch {
        return false;
      }
    },
    [Symbol.dispose]: () => web[Symbol.dispose](),
  };
}
