import { expect, test } from 'vitest';
import { newPace } from '../../../appliance/provisioning/pace.ts';
import { fakeClock } from '../../support/clock.ts';

const settled = async () => {
  for (let at = 0; at < 10; at += 1) await new Promise((resolve) => setImmediate(resolve));
};
const { signal } = new AbortController();

test('pieces leave in the order of asking, and no faster than the rate', async () => {
  const clock = fakeClock();
  const pace = newPace(clock, 1000);
  const left: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) void pace.turn(100, signal).then(() => left.push(name));
  await settled();
  expect(left).toEqual(['a']);
  await clock.advance(80);
  await settled();
  expect(left).toEqual(['a', 'b']);
  await clock.advance(200);
  await settled();
  expect(left).toEqual(['a', 'b', 'c', 'd']);
});

test('one that gives up while it waits does not stop those behind it', async () => {
  const clock = fakeClock();
  const pace = newPace(clock, 1000);
  await pace.turn(100, signal);
  const gone = new AbortController();
  const first = pace.turn(100, gone.signal);
  const second = pace.turn(100, signal);
  gone.abort();
  await expect(first).rejects.toThrow('aborted');
  await clock.advance(100);
  await expect(second).resolves.toBeUndefined();
});
