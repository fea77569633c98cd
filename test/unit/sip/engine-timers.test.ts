import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { TimerQueue } from '../../../appliance/sip/engine/timers.ts';
import { fakeClock } from '../../support/clock.ts';

it('timers fire in the order of their time and at most 10 ms later, whatever the order they were set in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5000), { maxLength: 60 }), async (delays) => {
      const clock = fakeClock();
      const start = clock.now();
      using timers = new TimerQueue(clock, () => undefined);
      const fired: number[] = [];
      const late: number[] = [];
      for (const ms of delays)
        timers.after(ms, () => {
          fired.push(ms);
          late.push(clock.now() - start - ms);
        });
      await clock.advance(6000);
      expect(fired).toEqual(delays.toSorted((a, b) => a - b));
      expect(late.filter((ms) => ms < 0 || ms > 10)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

it('a cancelled timer does not fire, and one that throws takes no other with it', async () => {
  const clock = fakeClock();
  const errors: unknown[] = [];
  using timers = new TimerQueue(clock, (error) => errors.push(error));
  const fired: string[] = [];
  timers.after(100, () => fired.push('cancelled')).cancel();
  timers.after(200, () => {
    throw new Error('bad');
  });
  timers.after(200, () => fired.push('kept'));
  await clock.advance(300);
  expect(fired).toEqual(['kept']);
  expect(errors).toHaveLength(1);
});

it('cancelled timers do not pile up, and the others fire in order all the same', async () => {
  const clock = fakeClock();
  using timers = new TimerQueue(clock, () => undefined);
  const fired: number[] = [];
  for (let ms = 5000; ms > 0; ms -= 1) {
    const timer = timers.after(400_000 + ms, () => fired.push(ms));
    if (ms % 1000 !== 0) timer.cancel();
  }
  expect(timers.size).toBeLessThan(1100);
  await clock.advance(405_000);
  expect(fired).toEqual([1000, 2000, 3000, 4000, 5000]);
  expect(timers.size).toBe(0);
});

it('nothing fires after the queue was closed', async () => {
  const clock = fakeClock();
  const fired: string[] = [];
  const timers = new TimerQueue(clock, () => undefined);
  timers.after(100, () => fired.push('late'));
  timers[Symbol.dispose]();
  await clock.advance(1000);
  expect(fired).toEqual([]);
});

it.each([
  ['forward', 3_600_000],
  ['back', -3_600_000],
])('a clock that is set %s by an hour neither fires nor stalls what is waiting', async (_title, step) => {
  const clock = fakeClock();
  using timers = new TimerQueue(clock, () => undefined);
  const fired: number[] = [];
  timers.after(5000, () => fired.push(clock.monotonic()));
  await clock.advance(2500);
  clock.set(clock.now() + step);
  timers.after(5000, () => fired.push(clock.monotonic()));
  await clock.advance(10_000);
  expect(fired).toEqual([5000, 7500]);
});

it('what a process that stood still for an hour waits for comes no sooner than it would have', async () => {
  let stood = 0;
  const steady = fakeClock();
  const clock = { ...steady, monotonic: () => steady.monotonic() + stood };
  using timers = new TimerQueue(clock, () => undefined);
  const fired: number[] = [];
  timers.after(5000, () => fired.push(steady.monotonic()));
  await steady.advance(2500);
  stood = 3_600_000;
  await steady.advance(10_000);
  // Up to a second is lost, since that is how seldom the clock is read.
  expect(fired.map((ms) => ms >= 5000 && ms <= 6000)).toEqual([true]);
});
