/** Orders to the box itself: given here, carried out by root (`gatehouse orders`), looked at here again. */
import { Type } from '../schema.ts';
import { readCards } from '../net/cards.ts';
import { hasUnit } from '../net/systemctl.ts';
import { readAnswer } from '../store/answers.ts';
import { giveBoxOrder, wakeOrders, type OrderArguments, type OrderTable } from '../store/box-orders.ts';
import { networkPendingUntil } from '../store/network-pending.ts';
import { readDataPartition } from '../store/data-partition.ts';
import { readOutcome, readOutcomes } from '../store/outcomes.ts';
import { FirstSettings, firstSettings, type OwnCards } from './first-settings.ts';
import { hasSettings } from './page-files.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';

/** Root's side is woken within a second; minutes later nobody knows any more that it was ordered. */
const patienceMs = 120_000;

const OutcomeView = Type.Object({
  id: Type.String(),
  kind: Type.Optional(Type.String()),
  state: Type.Enum(['waiting', 'running', 'done', 'refused', 'failed'], { type: 'string' }),
  words: Type.String(),
  beganAt: Type.Optional(Type.Integer({ description: 'Milliseconds since 1970.' })),
  changedAt: Type.Optional(Type.Integer({ description: 'Milliseconds since 1970.' })),
  answer: Type.Optional(Type.String({ description: 'Lines, where the box was asked something.' })),
});

export const OrderGiven = Type.Object({
  order: Type.String({ description: 'What came of it: /api/orders/ID.' }),
});

const Cards = Type.Object({
  cards: Type.Array(
    Type.Object({
      name: Type.String(),
      mac: Type.String(),
      addresses: Type.Array(Type.String()),
      hasLink: Type.Boolean(),
    }),
  ),
});

export const orderRoutes: readonly Route[] = [
  {
    url: '/api/cards',
    isFor: 'admin',
    summary: "The machine's network cards.",
    answer: Cards,
    answerTo: () => ok({ cards: readCards() }),
  },
  {
    url: '/api/settings/first',
    method: 'post',
    isFor: 'admin',
    summary: 'Configures a box that nobody has configured yet.',
    body: FirstSettings,
    bodyLimit: 8192,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      if (hasSettings(sources.config))
        return failure(409, 'done', 'This box is configured already: change its settings on the page.');
      const form = asked.body as Parameters<typeof firstSettings>[0];
      const made = firstSettings(form, isImage() ? ownCards(form.card) : undefined);
      if ('problems' in made) return failure(400, 'wrong', made.problems.join('\n'));
      return await order(asked, sources, { kind: 'settings.write', words: { toml: made.toml } });
    },
  },
  {
    url: '/api/network',
    isFor: 'admin',
    summary: 'Whether a change of the network waits to be confirmed.',
    answer: Type.Object({
      pendingUntil: Type.Optional(Type.Integer({ description: 'Taken back then. Milliseconds since 1970.' })),
    }),
    answerTo: (_asked, { config }) => {
      const until = networkPendingUntil(config);
      return ok(until === undefined ? {} : { pendingUntil: until });
    },
  },
  {
    url: '/api/network/confirm',
    method: 'post',
    isFor: 'admin',
    summary: 'The change of the network is good.',
    answer: OrderGiven,
    answerTo: async (asked, sources) => await order(asked, sources, { kind: 'network.confirm', words: {} }),
  },
  {
    url: '/api/data',
    isFor: 'admin',
    summary: 'How the data disk was found when the box booted.',
    answer: Type.Object({
      state: Type.Enum(['ok', 'missing', 'broken', 'read-only', 'sealed'], { type: 'string' }),
      said: Type.String(),
      protection: Type.Optional(
        Type.String({
          description: 'Whether it is encrypted, and what that is good for; absent: not known.',
        }),
      ),
    }),
    answerTo: (_asked, { config }) => {
      const { freeBytes: _, ...found } = readDataPartition(config.site.state_directory);
      return ok(found);
    },
  },
  {
    url: '/api/data/:how',
    method: 'post',
    isFor: 'admin',
    summary:
      'Repairs a data disk that could not be used, or makes it anew with nothing on it; the box restarts.',
    params: Type.Object({ how: Type.Enum(['repair', 'anew'], { type: 'string' }) }),
    body: Type.Object({}, { additionalProperties: false }),
    answer: OrderGiven,
    answerTo: async (asked, sources) =>
      await order(asked, sources, { kind: `data.${asked.params['how']}`, words: {} }),
  },
  {
    url: '/api/orders',
    isFor: 'admin',
    summary: 'The last orders to the box and its parts, by page or command, and what came of them.',
    answer: Type.Object({ orders: Type.Array(OutcomeView) }),
    answerTo: (_asked, { config }) =>
      ok({
        orders: readOutcomes(config.site.state_directory, '', 50).map(({ orderId: id, ...outcome }) => ({
          id,
          ...outcome,
        })),
      }),
  },
  {
    url: '/api/orders/:id',
    isFor: 'admin',
    summary: 'What came of one order to the box.',
    params: Type.Object({ id: Type.String({ maxLength: 40, pattern: '^[0-9a-f-]+$' }) }),
    answer: OutcomeView,
    answerTo: async ({ params }, { config, admin }) => {
      const id = params['id'] ?? '';
      const outcome = readOutcome(config.site.state_directory, id);
      if (outcome === undefined) return ok({ id, state: 'waiting', words: '' });
      if (outcome.state !== 'running') await admin.forgetForRoot().catch(() => undefined);
      const { orderId: _id, ...view } = outcome;
      const answer = readAnswer(config.site.state_directory, id);
      return ok({ id, ...view, ...(answer === undefined ? {} : { answer }) });
    },
  },
];

/** On a machine that is somebody else's its cards are set up already. */
const isImage = () => hasUnit('gatehouse-units.service');

function ownCards(phones: string): OwnCards {
  const others = readCards().filter(({ name, hasLink }) => hasLink && name !== phones && !name.includes('.'));
  return { others: others.map(({ name }) => name) };
}

/** Committed before it is answered. */
export async function order(asked: Asked, sources: Sources, words: Ordered): Promise<Answer> {
  const given = await orderBox(asked, sources, words);
  return given === undefined ? notSignedIn() : ok({ order: given.order });
}

/** As {@link order}, for who follows it. */
export async function orderBox(asked: Asked, sources: Sources, words: Ordered): Promise<Given | undefined> {
  const given = await give(asked, sources, { ...words, table: 'box_order' });
  if (given !== undefined) wakeOrders(sources.config.site.state_directory);
  return given;
}

export interface Given {
  readonly order: string;
  /** Not begun by then, it is void. ms since 1970. */
  readonly deadlineAt: number;
}

/** For a part, which looks for orders by itself. */
export async function orderPart(asked: Asked, sources: Sources, words: Ordered): Promise<Given | undefined> {
  return await give(asked, sources, { ...words, table: 'part_order' });
}

export const notSignedIn = () => failure(401, 'sign-in', 'Sign in first.');

interface Ordered {
  readonly kind: string;
  readonly words: OrderArguments;
}

/** Undefined: nobody is signed in. */
async function give(
  { access: { session }, now }: Asked,
  { store }: Sources,
  { kind, words, table }: Ordered & { readonly table: OrderTable },
): Promise<Given | undefined> {
  if (session === undefined) return undefined;
  const deadlineAt = now + patienceMs;
  const given = { kind, arguments: words, session: session.id, givenAt: now, deadlineAt };
  return { order: await store.write((tx) => giveBoxOrder(tx, given, table)), deadlineAt };
}
