import { expect, it, onTestFinished } from 'vitest';
import { newAfterwards } from '../../../appliance/sip/afterwards.ts';
import type { Transaction } from '../../../appliance/store/store.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';

it('of more than memory is for, the oldest are given up and no other', async () => {
  const written: number[] = [];
  const { promise: opened, resolve: open } = Promise.withResolvers<undefined>();
  const store = {
    write: async (work: (tx: Transaction) => void) => {
      await opened;
      work({} as Transaction);
    },
  };
  const world = { ...openWorld('silent'), clock: fakeClock() };
  const afterwards = newAfterwards(world, store as never, () => undefined);
  onTestFinished(() => afterwards[Symbol.asyncDispose]());
  for (let n = 0; n < 5002; n += 1) afterwards.write(() => void written.push(n));
  open(undefined);
  while (afterwards.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
  // The first was on its way already.
  expect(written).toEqual([0, ...Array.from({ length: 5000 }, (_, at) => at + 2)]);
});
