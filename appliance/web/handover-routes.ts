/** Phones handed back to the cloud and taken in again, and outages that are played: the page's own facts, which the parts read. */
import { randomUUID } from 'node:crypto';
import { parseMac } from '../protocol/mac.ts';
import { Type } from '../schema.ts';
import { beginDrill, drillMinutes, endDrills } from '../store/drills.ts';
import { everyPhone, giveTask, leavingPatienceMs } from '../store/tasks.ts';
import type { Transaction } from '../store/store.ts';
import { notSignedIn } from './order-routes.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';

const strict = { additionalProperties: false } as const;

const whom = {
  phones: Type.Union(
    [
      Type.Literal('all'),
      Type.Array(Type.String({ maxLength: 24 }), { minItems: 1, maxItems: 1000, uniqueItems: true }),
    ],
    { description: 'MACs, or `all`.' },
  ),
};
/** A thousand phones. */
const bodyLimit = 32 * 1024;
const Said = Type.Object({ words: Type.String({ description: 'What comes of it.' }) });

export const handoverRoutes: readonly Route[] = [
  {
    url: '/api/bypass',
    method: 'post',
    isFor: 'admin',
    summary: "Gives phones back the cloud's own addresses, as `gatehouse bypass` does.",
    body: Type.Object(whom, strict),
    bodyLimit,
    answer: Said,
    answerTo: async (asked, sources) =>
      await forPhones(asked, sources, {
        kind: 'bypass',
        each: task('bypass', asked.now),
        words:
          'Ordered. Leave the box on until all of them have left: the question above (bypass) says who has.',
      }),
  },
  {
    url: '/api/bypass/undo',
    method: 'post',
    isFor: 'admin',
    summary: 'Takes the order back: phones that have left come back with their next restart or lease.',
    body: Type.Object(whom, strict),
    bodyLimit,
    answer: Said,
    answerTo: async (asked, sources) =>
      await forPhones(asked, sources, {
        kind: 'lead',
        each: task('lead', asked.now),
        words:
          'The order is taken back. A phone that has left comes back with its next restart or the next renewal of its lease.',
      }),
  },
  {
    url: '/api/drill',
    method: 'post',
    isFor: 'admin',
    summary: 'Plays an outage for these phones. Calls for help are never part of it.',
    body: Type.Object({ ...whom, minutes: Type.Integer({ minimum: 1, maximum: drillMinutes.most }) }, strict),
    bodyLimit,
    answer: Said,
    answerTo: async (asked, sources) => {
      const { minutes } = asked.body as { minutes: number };
      const times = { beganAt: asked.now, endsAt: asked.now + minutes * 60_000 };
      return await forPhones(asked, sources, {
        kind: 'drill',
        each: (tx, target) => beginDrill(tx, { target, ...times }),
        words: `For ${minutes} min these phones have no internet. Calls for help go their usual way.`,
      });
    },
  },
  {
    url: '/api/drill/end',
    method: 'post',
    isFor: 'admin',
    summary: 'Ends every outage that is played.',
    body: Type.Object({}, strict),
    answer: Said,
    answerTo: async (asked, sources) =>
      await forPhones({ ...asked, body: { phones: 'all' } }, sources, {
        kind: 'drill.end',
        each: (tx, target) => endDrills(tx, target, asked.now),
        words: 'No outage is played any more.',
      }),
  },
];

function task(kind: 'bypass' | 'lead', now: number): PhoneOrder['each'] {
  return (tx, target) => giveTask(tx, { kind, target, givenAt: now, deadlineAt: now + leavingPatienceMs });
}

interface PhoneOrder {
  /** For the journal. */
  readonly kind: string;
  readonly each: (tx: Transaction, target: string) => void;
  readonly words: string;
}

/** Committed before it is answered, and written down with the session in which it was ordered. */
async function forPhones(
  { access: { session }, body }: Asked,
  { store }: Sources,
  { kind, each, words }: PhoneOrder,
): Promise<Answer> {
  if (session === undefined) return notSignedIn();
  const { phones } = body as { phones: 'all' | readonly string[] };
  const targets = phones === 'all' ? [everyPhone] : phones.map((text) => parseMac(text));
  if (targets.includes(undefined)) return failure(400, 'not_a_mac', 'A MAC has twelve hex digits.');
  await store.write((tx) => {
    tx.journal({ kind: 'box_order_given', body: { order: kind, id: randomUUID(), session: session.id } });
    for (const target of targets) if (target !== undefined) each(tx, target);
  });
  return ok({ words });
}
