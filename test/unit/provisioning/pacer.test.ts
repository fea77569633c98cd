import { expect, test } from 'vitest';
import { newPacer } from '../../../appliance/provisioning/pacer.ts';

test('so many run at once, the rest in its order, and one that fails makes room too', async () => {
  const pace = newPacer(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const work = Array.from({ length: 9 }, async (_, at) =>
    pace(async () => {
      order.push(at);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (at % 3 === 0) throw new Error('no');
    }),
  );
  const results = await Promise.allSettled(work);
  expect(results.map(({ status }) => status === 'rejected')).toEqual(results.map((__, at) => at % 3 === 0));
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(most).toBe(2);
  await expect(pace(() => Promise.resolve('free again'))).resolves.toBe('free again');
});
