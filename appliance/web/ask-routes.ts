/** What the box can be asked on the page, and orders that a command carries out as root: a list of numbers, and waves of phones. */
import { drillMinutes, readDrills } from '../store/drills.ts';
import { questions, questionWords } from '../store/box-questions.ts';
import { parseMac } from '../protocol/mac.ts';
import { Type } from '../schema.ts';
import { order, OrderGiven } from './order-routes.ts';
import { failure, ok, type Route } from './routes.ts';

const strict = { additionalProperties: false } as const;
const mostCsvBytes = 256 * 1024;
const mostWave = 9999;

export const askRoutes: readonly Route[] = [
  {
    url: '/api/ask',
    isFor: 'admin',
    summary: 'What the box can be asked, and which outages are played just now.',
    answer: Type.Object({
      questions: Type.Array(
        Type.Object({
          question: Type.String(),
          choices: Type.Array(Type.String(), { description: 'Of which one is the argument.' }),
        }),
      ),
      drills: Type.Array(Type.Object({ target: Type.String(), endsAt: Type.Integer() })),
      mostMinutes: Type.Integer(),
    }),
    answerTo: ({ now }, { store }) =>
      ok({
        questions: Object.entries(questions).map(([question, row]) => ({
          question,
          choices: 'choices' in row ? row.choices : [],
        })),
        drills: readDrills(store.db, now),
        mostMinutes: drillMinutes.most,
      }),
  },
  {
    url: '/api/ask',
    method: 'post',
    isFor: 'admin',
    summary: 'Asks the box; the answer stands with what came of the order. Nothing is changed by it.',
    body: Type.Object(
      {
        question: Type.Enum(Object.keys(questions), { type: 'string' }),
        argument: Type.Optional(Type.String({ maxLength: 40 })),
      },
      strict,
    ),
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const words = asked.body as { question: string; argument?: string };
      if (questionWords(words.question, words.argument) === undefined)
        return failure(400, 'no_question', 'The box can not be asked that.');
      return await order(asked, sources, { kind: 'box.ask', words: { ...words } });
    },
  },
  {
    url: '/api/numbers',
    method: 'post',
    isFor: 'admin',
    summary:
      "The site's list of numbers as CSV (number, extension, phone), in the place of the one before. A mistake in it is named with its line, and the list before stays.",
    body: Type.Object({ csv: Type.String({ minLength: 1, maxLength: mostCsvBytes }) }, strict),
    bodyLimit: 2 * mostCsvBytes,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { csv } = asked.body as { csv: string };
      const secret = await sources.admin.keepForRoot(csv);
      return await order(asked, sources, { kind: 'numbers.import', words: { secret } });
    },
  },
  {
    url: '/api/adopt',
    method: 'post',
    isFor: 'admin',
    summary: 'Phones in use are put into a wave, or a wave is started, paused, taken up again or undone.',
    body: Type.Object(
      {
        how: Type.Enum(['plan', 'start', 'pause', 'resume', 'undo'], { type: 'string' }),
        wave: Type.Integer({ minimum: 1, maximum: mostWave }),
        phones: Type.Optional(Type.Array(Type.String({ maxLength: 24 }), { minItems: 1, maxItems: 1000 })),
      },
      strict,
    ),
    bodyLimit: 32 * 1024,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { how, wave, phones } = asked.body as { how: string; wave: number; phones?: string[] };
      const macs = phones?.map((text) => parseMac(text));
      if (macs?.includes(undefined) === true)
        return failure(400, 'not_a_mac', 'A MAC has twelve hex digits.');
      if ((how === 'plan') !== (macs !== undefined))
        return failure(400, 'no_phones', 'Phones are named to put them into a wave, and only then.');
      const words = { how, wave, ...(macs === undefined ? {} : { phones: macs.join(' ') }) };
      return await order(asked, sources, { kind: 'adopt.move', words });
    },
  },
];
