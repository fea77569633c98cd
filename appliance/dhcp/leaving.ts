/** Which phones get the cloud's own URL because they were ordered back to it. */
import { openLateReader } from '../store/late-reader.ts';
import { readPhoneConfigurations, readPosture } from '../store/phone-configurations.ts';
import { openTaskView } from '../store/task-view.ts';
import type { Clock } from '../world.ts';

export interface Leaving extends Disposable {
  readonly isLeaving: (mac: string) => boolean;
}

/**
 * A phone that still has the box as outbound proxy is led to the box once more: only its configuration can take the proxy
 * away, and a phone that asks the cloud directly would keep it for good.
 */
export function openLeaving(directory: string, clock: Pick<Clock, 'now'>): Leaving {
  const tasks = openTaskView(directory, clock);
  const provisioning = openLateReader({
    directory,
    part: 'provisioning',
    clock,
    probe: readPhoneConfigurations,
  });
  return {
    isLeaving: (mac) => {
      if (!tasks.isBypassed(mac)) return false;
      const db = provisioning.database();
      return db === undefined || readPosture(db, mac) !== 'full';
    },
    [Symbol.dispose]: () => {
      tasks[Symbol.dispose]();
      provisioning[Symbol.dispose]();
    },
  };
}
