/** Orders as the command line gives them, written by the real store functions. */
import { openStore } from '../../appliance/store/store.ts';
import { giveTask, type TaskKind } from '../../appliance/store/tasks.ts';
import { systemClock } from '../../appliance/world.ts';

/** `target` is a MAC or `*`. */
export async function giveOrder(directory: string, kind: TaskKind, target: string): Promise<void> {
  using store = openStore({ directory, part: 'web', clock: systemClock });
  const givenAt = systemClock.now();
  await store.write((tx) => giveTask(tx, { kind, target, givenAt, deadlineAt: givenAt + 1000 }));
}
