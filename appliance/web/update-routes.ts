/** Updates of the image: how they stand, and what its admin orders. Root carries it out (`box/update.ts`). */
import { Type } from '../schema.ts';
import { readUpdates } from '../store/update-view.ts';
import { order, OrderGiven } from './order-routes.ts';
import { releaseRoutes } from './release-routes.ts';
import { ok, type Asked, type Route, type Sources } from './routes.ts';

const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const text = Type.String();

const UpdateView = Type.Object({
  runs: text,
  url: Type.Optional(text),
  window: text,
  automatic: Type.Boolean(),
  staged: Type.Optional(
    Type.Object({ version: text, source: text, at: time }, { description: 'It lies ready.' }),
  ),
  onTrial: Type.Optional(Type.Object({ from: text, to: text, at: time })),
  last: Type.Optional(
    Type.Object({
      from: text,
      to: text,
      at: time,
      outcome: Type.Enum(['good', 'rolled_back'], { type: 'string' }),
      reason: Type.Optional(text),
    }),
  ),
  trouble: Type.Optional(
    Type.Object({ at: time, words: text }, { description: 'Why the last one was not taken.' }),
  ),
  failed: Type.Array(Type.Object({ version: text, reason: text }), { description: 'Taken back here.' }),
  olderUntil: Type.Optional(time),
});

const Apply = Type.Object(
  {
    version: Type.String({
      pattern: String.raw`^\d{1,6}(?:\.\d{1,6}){2}$`,
      description: 'It must lie ready.',
    }),
    now: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

export const updateRoutes: readonly Route[] = [
  {
    url: '/api/update',
    isFor: 'admin',
    summary: 'Which release runs, which lies ready, and what became of the last one.',
    answer: UpdateView,
    answerTo: (_asked, sources) => ok(updateView(sources)),
  },
  {
    url: '/api/update/look',
    method: 'post',
    isFor: 'admin',
    summary: 'Looks for a new release at `update.url`, and fetches it.',
    answer: OrderGiven,
    answerTo: ordered('update.look'),
  },
  {
    url: '/api/update/apply',
    method: 'post',
    isFor: 'admin',
    summary: 'Installs the release that lies ready, in the window or now.',
    body: Apply,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const words = asked.body as { version: string; now: boolean };
      return await order(asked, sources, { kind: 'update.apply', words });
    },
  },
  {
    url: '/api/update/older',
    method: 'post',
    isFor: 'admin',
    summary: 'For an hour an older release is taken too; never one below the security floor.',
    answer: OrderGiven,
    answerTo: ordered('update.allow-older'),
  },
  ...releaseRoutes,
];

function ordered(kind: string) {
  return async (asked: Asked, sources: Sources) => await order(asked, sources, { kind, words: {} });
}

function updateView({ config, release }: Sources) {
  const {
    staged,
    pending,
    last,
    trouble,
    failed = [],
    olderUntil,
  } = readUpdates(config.site.state_directory);
  return { runs: release, ...config.update, staged, onTrial: pending, last, trouble, failed, olderUntil };
}
