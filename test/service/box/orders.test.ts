import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { carryOutCommand, carryOutOrders } from '../../../appliance/box/carry-out.ts';
import type { OrderHandlers } from '../../../appliance/box/orders.ts';
import { parseConfig } from '../../../appliance/config.ts';
import { giveBoxOrder, wakeOrders } from '../../../appliance/store/box-orders.ts';
import { beginOutcome, readOutcome, readOutcomes } from '../../../appliance/store/outcomes.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { beginSession, endSession, sessionAges } from '../../../appliance/store/sessions.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';

/** A box with a page in which the admin has just signed in. */
async function openBox() {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  const config = parseConfig(`[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n`);
  const web = openStore({ directory, part: 'web', clock });
  const now = clock.now();
  const { id: session } = await web.write(({ db }) => beginSession(db, { remote: '127.0.0.1', now }));
  const needs = {
    ...openWorld('silent'),
    clock,
    config,
    configFile: join(directory, 'gatehouse.toml'),
    signal: new AbortController().signal,
  };
  const order = async (
    kind: string,
    more: { session?: string; givenAt?: number; deadlineAt?: number } = {},
  ) =>
    await web.write((tx) =>
      giveBoxOrder(tx, {
        kind,
        arguments: { word: 'x' },
        session,
        givenAt: now,
        deadlineAt: now + 1000,
        ...more,
      }),
    );
  return { directory, clock, web, session, needs, order, now };
}

/** Handlers that keep what they were called with. */
function recording(): { calls: unknown[]; handlers: OrderHandlers } {
  const calls: unknown[] = [];
  const handlers: OrderHandlers = {
    'test.good': async (words, { tell }) => {
      calls.push(words);
      await tell('half of it');
      return { state: 'done', words: 'all of it' };
    },
    'test.broken': async () => {
      throw new Error('no such card');
    },
  };
  return { calls, handlers };
}

it('an order of a signed-in admin is carried out once, and what came of it can be read', async () => {
  const { directory, needs, order } = await openBox();
  const { calls, handlers } = recording();
  const id = await order('test.good');
  wakeOrders(directory);
  await carryOutOrders(needs, handlers);
  await carryOutOrders(needs, handlers);
  expect(calls).toEqual([{ word: 'x' }]);
  expect(readOutcome(directory, id)).toMatchObject({ kind: 'test.good', state: 'done', words: 'all of it' });
  expect(existsSync(join(directory, 'web/orders-wait'))).toBe(false);
  using box = openReader(directory, 'box');
  expect(box?.journalAfter(0, 10)).toMatchObject([{ kind: 'order_began' }, { kind: 'order_ended' }]);
});

it('what a handler throws is the end of its order and of no other', async () => {
  const { directory, needs, order } = await openBox();
  const broken = await order('test.broken');
  const good = await order('test.good');
  await carryOutOrders(needs, recording().handlers);
  expect(readOutcome(directory, broken)).toMatchObject({ state: 'failed', words: 'no such card' });
  expect(readOutcome(directory, good)).toMatchObject({ state: 'done' });
});

it.each([
  ['of a session that nobody began', { session: 'invented' }, /nobody was signed in/],
  ['whose time is over', { deadlineAt: 1 }, /too late/],
  ['given in a time that is yet to come', { givenAt: Date.UTC(2026, 0, 5, 12, 2) }, /too late/],
])('an order %s is refused', async (_title, more, words) => {
  const { directory, needs, order } = await openBox();
  const { calls, handlers } = recording();
  const id = await order('test.good', more);
  await carryOutOrders(needs, handlers);
  expect(calls).toEqual([]);
  expect(readOutcome(directory, id)).toMatchObject({
    state: 'refused',
    words: expect.stringMatching(words) as string,
  });
});

it('an order given after its session ended, or after it grew too old, is refused; one given before is not', async () => {
  const { directory, clock, needs, web, session, order, now } = await openBox();
  const { handlers } = recording();
  const before = await order('test.good');
  await web.write(({ db }) => endSession(db, session, now + 10));
  const after = await order('test.good', { givenAt: now + 20 });
  const old = await order('test.good', {
    givenAt: now + sessionAges.mostMs + 1,
    deadlineAt: now + 2 * sessionAges.mostMs,
  });
  await carryOutOrders(needs, handlers);
  expect(readOutcome(directory, before)).toMatchObject({ state: 'done' });
  expect(readOutcome(directory, after)).toMatchObject({ state: 'refused' });
  expect(readOutcome(directory, old)).toMatchObject({ state: 'refused' });
  expect(clock.now()).toBe(now);
});

it.each(['test.unheard', 'constructor', '__proto__'])(
  'a kind that nobody knows (%s) is refused',
  async (kind) => {
    const { directory, needs, order } = await openBox();
    const id = await order(kind);
    await carryOutOrders(needs, recording().handlers);
    expect(readOutcome(directory, id)).toMatchObject({ state: 'refused' });
  },
);

it('an order that was cut off by a power cut is told as such, and not begun again', async () => {
  const { directory, needs, order, now } = await openBox();
  const id = await order('test.good');
  {
    using box = openStore({ directory, part: 'box', clock: needs.clock });
    await box.write((tx) => beginOutcome(tx, { orderId: id, kind: 'test.good', by: 'page', now }));
    await box.write(({ db }) => db.exec(`UPDATE outcome SET runner = '1@another-boot'`));
  }
  const { calls, handlers } = recording();
  await carryOutOrders(needs, handlers);
  expect(calls).toEqual([]);
  expect(readOutcome(directory, id)).toMatchObject({
    state: 'failed',
    words: expect.stringContaining('interrupted') as string,
  });
});

it('while one order is carried out another of its kind is refused to a command, and one of another kind is carried out', async () => {
  const { directory, clock, needs, order, now } = await openBox();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const { handlers } = recording();
  const slow: OrderHandlers = {
    ...handlers,
    'test.slow': async () => {
      begin();
      await ended;
      return { state: 'done', words: '' };
    },
  };
  await order('test.slow');
  const running = carryOutOrders(needs, slow);
  await began;
  const second = await carryOutCommand(needs, async () => ({ state: 'done', words: '' }), {
    kind: 'test.slow',
    words: {},
    onTold: () => undefined,
  });
  expect(second).toMatchObject({ state: 'refused' });
  const other = await order('test.good', { givenAt: now, deadlineAt: now + 10_000 });
  while (readOutcome(directory, other) === undefined) await clock.advance(500);
  end();
  await running;
  expect(readOutcome(directory, other)).toMatchObject({ state: 'done' });
});

it('a file of web in which no order can be is no error', async () => {
  const { needs, directory } = await openBox();
  const empty = temporaryDirectory();
  writeFileSync(join(empty, 'x'), '');
  await carryOutOrders(
    { ...needs, config: { ...needs.config, site: { ...needs.config.site, state_directory: empty } } },
    {},
  );
  expect(readOutcomes(directory, 'test.', 10)).toEqual([]);
});
