/** When a switch is asked: regularly, soon after news, never in a hurry while it is away. */
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import type { SwitchTables } from '../../../appliance/location/lldp-mib.ts';
import type { Poll, SwitchConfig } from '../../../appliance/location/snmp.ts';
import { watchSwitch, type WatchOptions } from '../../../appliance/location/watch.ts';
import { fakeClock } from '../../support/clock.ts';

const config: SwitchConfig = {
  name: 'access-1',
  address: '10.20.0.2',
  version: '2c',
  port: 161,
  secret_file: '/dev/null',
};
const tables: SwitchTables = {
  chassisId: { subtype: 7, bytes: Uint8Array.of(65) },
  systemName: '',
  remotes: [],
};
const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A switch that answers what it is told to, and notes when it was asked. */
function watched(answer: (before: number | undefined) => Poll | Error | 'never') {
  const clock = fakeClock();
  const start = clock.now();
  const asked: { second: number; before: number | undefined }[] = [];
  const changes: string[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const options: WatchOptions = {
    clock,
    signal: stop.signal,
    pollMs: 30_000,
    counters: { polls: 0, polls_failed: 0, walks: 0 },
    onChange: (change) => changes.push(change),
    poll: async (_config, before, signal) => {
      asked.push({ second: (clock.now() - start) / 1000, before });
      const told = answer(before);
      if (told instanceof Error) throw told;
      if (told === 'never') {
        await once(signal, 'abort');
        throw signal.reason as Error;
      }
      return await Promise.resolve(told);
    },
  };
  return { clock, asked, changes, options, stop, watch: watchSwitch(config, options) };
}

it('is walked twice at first, then asked only whether anything changed', async () => {
  const { clock, asked, options } = watched((before) => ({
    lastChange: 5,
    tables: before === 5 ? undefined : tables,
  }));
  await settle();
  for (const step of [1200, 30_000, 30_000]) {
    await clock.advance(step);
    await settle();
  }
  expect(asked).toEqual([
    { second: 0, before: undefined },
    { second: 1.2, before: undefined },
    { second: 31.2, before: 5 },
    { second: 61.2, before: 5 },
  ]);
  expect(options.counters).toEqual({ polls: 4, polls_failed: 0, walks: 2 });
});

it('is asked at once and a few times more after news, and a storm of news does not put it off', async () => {
  const { clock, asked, watch } = watched((before) => ({
    lastChange: 5,
    tables: before === 5 ? undefined : tables,
  }));
  await settle();
  await clock.advance(2000);
  await settle();
  const before = asked.length;
  for (let n = 0; n < 20; n += 1) {
    watch.prod();
    await settle();
    await clock.advance(100);
    await settle();
  }
  // Twenty pieces of news in two seconds: a look every 200 ms.
  expect(asked.length - before).toBeGreaterThanOrEqual(9);
  expect(asked.length - before).toBeLessThanOrEqual(11);
  const stormEnd = asked.length;
  for (let n = 0; n < 40; n += 1) {
    await clock.advance(250);
    await settle();
  }
  expect(asked.length - stormEnd).toBeGreaterThanOrEqual(4);
  expect(asked.length - stormEnd).toBeLessThanOrEqual(6);
});

it('that does not answer is named in the health, told once, and not asked at every news', async () => {
  let isAway = true;
  const { clock, asked, changes, watch } = watched((before) =>
    isAway ? new Error('does not answer') : { lastChange: 5, tables: before === 5 ? undefined : tables },
  );
  await settle();
  expect(watch.health()).toEqual({
    state: 'degraded',
    reason: 'switch access-1 (10.20.0.2) does not answer',
  });
  for (let n = 0; n < 40; n += 1) {
    watch.prod();
    await settle();
    await clock.advance(250);
    await settle();
  }
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(changes).toEqual(['unreachable']);
  isAway = false;
  await clock.advance(30_000);
  await settle();
  expect(watch.health()).toEqual({ state: 'ok' });
  expect(changes.slice(0, 3)).toEqual(['unreachable', 'reachable', 'tables']);
});

it('whose agent does not tell when it changed is walked each time', async () => {
  const { clock, asked } = watched(() => ({ lastChange: undefined, tables }));
  await settle();
  for (const _round of [1, 2]) {
    await clock.advance(30_000);
    await settle();
  }
  expect(asked.map(({ second, before }) => [second, before])).toEqual([
    [0, undefined],
    [30, undefined],
    [60, undefined],
  ]);
});

it('is asked as often as before when the clock is set back', async () => {
  const { clock, asked } = watched((before) => ({
    lastChange: 5,
    tables: before === 5 ? undefined : tables,
  }));
  await settle();
  await clock.advance(1200);
  await settle();
  clock.set(clock.now() - 7_200_000);
  await clock.advance(30_000);
  await settle();
  await clock.advance(30_000);
  await settle();
  expect(asked.length).toBe(4);
});

it('is given up when its tables take too long, and asked again in its turn', async () => {
  const { clock, asked, changes, watch } = watched(() => 'never');
  await settle();
  await clock.advance(119_000);
  await settle();
  expect(asked).toHaveLength(1);
  await clock.advance(1000);
  await settle();
  expect(changes).toEqual(['unreachable']);
  expect(watch.health().reason).toContain('answers too slowly');
  await clock.advance(30_000);
  await settle();
  expect(asked).toHaveLength(2);
});

it('is not asked any more once the watch has ended, and nothing is said of it', async () => {
  const { asked, changes, stop, watch } = watched(() => 'never');
  await settle();
  stop.abort();
  await watch.done;
  expect([asked.length, changes]).toEqual([1, []]);
});
