import { pino } from 'pino';
import { expect, it } from 'vitest';
import { newCounters, type Application } from '../../../appliance/sip/application.ts';
import type { Received, Sent } from '../../../appliance/sip/srf.ts';
import { askRegistrar } from '../../../appliance/sip/upstream-attempts.ts';
import { fakeClock } from '../../support/clock.ts';

/** What becomes of one attempt: the cause, or the status, and after how many milliseconds. */
interface Fate {
  readonly cause?: string;
  readonly status?: number;
  readonly afterMs: number;
}

function newAttempts(fates: readonly Fate[], { isOutage = false } = {}) {
  const clock = fakeClock();
  const sentAt: number[] = [];
  const start = clock.now();
  const counters = newCounters();
  const send = async (): Promise<Sent> => {
    const fate = fates[sentAt.length] ?? fates.at(-1);
    sentAt.push(clock.now() - start);
    if (fate === undefined) throw new Error('nothing more');
    if (fate.cause === 'thrown') throw new Error('the engine is gone');
    const final = clock.sleep(fate.afterMs).then((): Received => ({
      status: fate.status ?? 503,
      reason: 'x',
      headers: [],
      body: '',
      dialogId: undefined,
      localCause: fate.cause,
      ack: () => undefined,
    }));
    return await Promise.resolve({
      localAddress: '10.0.0.1',
      final,
      cancel: () => undefined,
    });
  };
  const world = { log: pino({ level: 'silent' }), clock };
  const outages = { failed: async () => await Promise.resolve(isOutage) };
  const app = { world, counters, server: { send }, outages } as unknown as Application;
  const asked = askRegistrar(app, { method: 'REGISTER', headers: [] }, 'registrar.example');
  return { clock, sentAt, counters, asked };
}

async function outcome(fates: readonly Fate[], about: { isOutage?: boolean } = {}) {
  const { clock, sentAt, asked } = newAttempts(fates, about);
  const start = clock.now();
  const ended = asked.then(() => clock.now() - start);
  for (let at = 0; at < 40; at += 1) await clock.advance(1000);
  const result = await asked;
  return {
    sentAt,
    after: await ended,
    result: result.kind === 'answered' ? result.response.status : result.cause,
  };
}

const dead: Fate = { cause: 'flow-failed', afterMs: 13_000 };
const silent: Fate = { cause: 'unreachable', afterMs: 4000 };

it('three seconds of silence that turn out to be an outage end the attempt', async () => {
  expect(await outcome([dead], { isOutage: true })).toEqual({ sentAt: [0], after: 3000, result: 'outage' });
});

it('what was asked over a dead connection is asked again over another one', async () => {
  expect(await outcome([dead, { status: 200, afterMs: 100 }])).toMatchObject({
    sentAt: [0, 13_000],
    result: 200,
  });
});

it('a way that is silent is tried until the phone would give up', async () => {
  const { sentAt, after, result } = await outcome([silent]);
  expect(sentAt).toEqual([0, 4000, 8000, 12_000, 16_000, 20_000]);
  expect(after).toBeLessThanOrEqual(29_000);
  expect(result).toBe('unreachable');
});

it('a cut of a few seconds is not seen by the phone', async () => {
  expect(await outcome([dead, silent, { status: 401, afterMs: 50 }])).toMatchObject({ result: 401 });
});

it.each([
  ['a refusal', { cause: 'unreachable', afterMs: 20 }, 'unreachable'],
  ['an engine that is gone', { cause: 'thrown', afterMs: 0 }, 'not sent'],
  ['an answer of the registrar', { status: 503, afterMs: 20 }, 503],
] as [string, Fate, string | number][])('%s is not asked for twice', async (_title, fate, result) => {
  expect(await outcome([fate])).toMatchObject({ sentAt: [0], result });
});

it('a registrar that takes every connection and breaks it is asked twice', async () => {
  expect((await outcome([{ cause: 'flow-failed', afterMs: 10 }])).sentAt).toHaveLength(2);
});

it('a registrar that never answers is given up before the phone gives up', async () => {
  const { after, result } = await outcome([{ status: 200, afterMs: 60_000 }]);
  expect(after).toBeLessThanOrEqual(29_000);
  expect(result).toBe('timeout');
});
