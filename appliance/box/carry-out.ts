/** Carries out what was ordered, once each, and writes down what came of it. */
import { randomUUID } from 'node:crypto';
import { keepAnswer } from '../store/answers.ts';
import {
  orderRefusal,
  readBoxOrders,
  takeWake,
  type BoxOrder,
  type OrderArguments,
} from '../store/box-orders.ts';
import { beginOutcome, endInterrupted, endOutcome, outcomeOf, tellOutcome } from '../store/outcomes.ts';
import { openReader } from '../store/reader.ts';
import { wasSignedIn } from '../store/sessions.ts';
import { openStore, type Store } from '../store/store.ts';
import type { Box, OrderEnd, OrderHandler, OrderHandlers } from './orders.ts';

type Needs = Omit<Box, 'tell'>;

/** While something is being carried out, orders of other kinds may come. */
const lookEveryMs = 500;

/**
 * All orders of the page that wait, and those that come meanwhile. Resolves when none is left. `goneOnWith`: what an earlier process
 * left behind; orders of its kind wait for its end.
 */
export async function carryOutOrders(
  needs: Needs,
  handlers: OrderHandlers,
  goneOnWith?: { readonly kind: string; readonly work: Promise<unknown> },
): Promise<void> {
  using store = openBoxStore(needs);
  await endInterrupted(store, { now: needs.clock.now() });
  const running = new Map<string, Promise<unknown>>();
  if (goneOnWith !== undefined) {
    const { kind, work } = goneOnWith;
    running.set(
      kind,
      work.finally(() => running.delete(kind)),
    );
  }
  // A full disk keeps no outcome: such an order is not tried again by this process.
  const tried = new Set<string>();
  const waiting = () => waitingOrders(needs, store).filter(({ order }) => !tried.has(order.id));
  do {
    takeWake(needs.config.site.state_directory);
    for (const { order, isGood } of waiting()) {
      if (running.has(order.kind)) continue;
      tried.add(order.id);
      const carriedOut = carryOutOne({ needs, store, handlers }, order, isGood)
        .catch((error: unknown) =>
          needs.log.error({ order: order.kind, error: String(error) }, 'not recorded'),
        )
        .finally(() => running.delete(order.kind));
      running.set(order.kind, carriedOut);
    }
    if (running.size > 0)
      await Promise.race([...running.values(), needs.clock.sleep(lookEveryMs, needs.signal)]).catch(
        () => undefined,
      );
    if (needs.signal.aborted) await Promise.all(running.values());
  } while (running.size > 0 || (!needs.signal.aborted && waiting().length > 0));
}

/** What a command orders, as root and here: what came of it stands beside what the page ordered. */
export async function carryOutCommand(
  needs: Needs,
  handler: OrderHandler,
  { kind, words, onTold }: Commanded,
): Promise<OrderEnd> {
  using store = openBoxStore(needs);
  await endInterrupted(store, { now: needs.clock.now() });
  const orderId = randomUUID();
  const now = needs.clock.now();
  const isBegun = await store.write((tx) => beginOutcome(tx, { orderId, kind, by: 'command', now }));
  if (!isBegun) return { state: 'refused', words: 'this is being done already' };
  return await run({ needs, store }, handler, { orderId, kind, words, onTold });
}

interface Commanded {
  readonly kind: string;
  readonly words: OrderArguments;
  /** How far it is. */
  readonly onTold: (words: string) => void;
}

function openBoxStore({ config, clock }: Needs): Store {
  return openStore({ directory: config.site.state_directory, part: 'box', clock });
}

interface Waiting {
  readonly order: BoxOrder;
  /** The admin was signed in where it was given. */
  readonly isGood: boolean;
}

function waitingOrders({ config }: Needs, store: Store): Waiting[] {
  using web = openReader(config.site.state_directory, 'web');
  if (web === undefined) return [];
  // The file was last written by a release that knew no orders.
  const orders = isMissing(() => readBoxOrders(web.db)) ?? [];
  return orders.flatMap((order) =>
    outcomeOf(store.db, order.id) === undefined
      ? [{ order, isGood: wasSignedIn(web.db, order.session, order.givenAt) }]
      : [],
  );
}

function isMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no such table:')) return undefined;
    throw error;
  }
}

interface Work {
  readonly needs: Needs;
  readonly store: Store;
}

async function carryOutOne(
  { needs, store, handlers }: Work & { readonly handlers: OrderHandlers },
  order: BoxOrder,
  isGood: boolean,
): Promise<void> {
  const { id: orderId, kind, arguments: words } = order;
  const now = needs.clock.now();
  const refuse = async (why: string) =>
    await store.write((tx) => endOutcome(tx, { orderId, kind, state: 'refused', words: why, now }));
  const refusal = orderRefusal(order, { isGood, now });
  if (refusal !== undefined) return await refuse(refusal);
  const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
  if (handler === undefined) return await refuse(`this release does not know how to do ${kind}`);
  const isBegun = await store.write((tx) => beginOutcome(tx, { orderId, kind, by: 'page', now }));
  if (!isBegun) return await refuse('this is being done already');
  await run({ needs, store }, handler, { orderId, kind, words, onTold: () => undefined });
}

async function run(
  { needs, store }: Work,
  handler: OrderHandler,
  { orderId, kind, words, onTold }: Commanded & { readonly orderId: string },
): Promise<OrderEnd> {
  const { clock, log } = needs;
  const tell = async (told: string) => {
    onTold(told);
    await store.write((tx) => tellOutcome(tx.db, orderId, { words: told, now: clock.now() }));
  };
  const end = await handler(words, { ...needs, tell }).catch((error: unknown): OrderEnd => {
    log.error({ order: kind, error: error instanceof Error ? error.stack : String(error) }, 'order failed');
    return { state: 'failed', words: error instanceof Error ? error.message : String(error) };
  });
  await store.write((tx) => {
    const now = clock.now();
    endOutcome(tx, { orderId, kind, state: end.state, words: end.words, now });
    if (end.answer !== undefined) keepAnswer(tx.db, orderId, { text: end.answer, at: now });
  });
  log.info({ order: kind, state: end.state }, 'order carried out');
  return end;
}
