/** Every way in: what it is called, what it takes, what it answers. The description of the API is made from this. */
import { Type } from '../schema.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import { parseMac } from '../protocol/mac.ts';
import type { Config } from '../config.ts';
import { giveErrand } from '../store/errands.ts';
import { storeNames } from '../store/journal-kinds.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access.ts';
import type { Admin } from './admin.ts';
import { adminRoutes } from './admin-routes.ts';
import { askRoutes } from './ask-routes.ts';
import { backupRoutes } from './backup-routes.ts';
import { resetRoutes } from './reset-routes.ts';
import { addressQuery, Addresses, refusalQuery, Refusals } from './addresses.ts';
import { Emergency } from './emergencies.ts';
import { firmwareRoutes } from './firmware-routes.ts';
import { handoverRoutes } from './handover-routes.ts';
import { ladderRoutes } from './ladder-routes.ts';
import { formatMetrics } from './metrics.ts';
import { orderRoutes } from './order-routes.ts';
import { openApi, type RouteDescription } from './openapi.ts';
import { Call, CallsOfHours, JournalEvent, StoreName, Phone, Status } from './schemas.ts';
import type { Audience } from './people.ts';
import type { TakePiece } from './pieces.ts';
import { PhoneInDetail, RestartView } from './phone-detail.ts';
import { settingsRoutes } from './settings-routes.ts';
import { templateRoutes } from './template-routes.ts';
import { updateRoutes } from './update-routes.ts';
import type { Uploads } from './uploads.ts';
import { viewerRoutes } from './viewer-routes.ts';
import { isStoreName, type Views } from './views.ts';

export interface Asked extends Audience {
  readonly access: Access;
  /** IPv4 text, or `socket`. */
  readonly remote: string;
  /** Over HTTPS. */
  readonly isSecure: boolean;
  /** Checked against the route's schema, where it has one. */
  readonly body: unknown;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly now: number;
}

export interface Answer {
  readonly code: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route extends RouteDescription {
  /** The event stream is answered by the server itself. */
  readonly answerTo?: (asked: Asked, sources: Sources) => Answer | Promise<Answer>;
  /** Bytes; left out: 1 KiB. */
  readonly bodyLimit?: number;
}

export interface Sources {
  readonly views: Views;
  readonly release: string;
  readonly streams: () => number;
  /** Web's own: orders are written into it. */
  readonly store: Store;
  readonly admin: Admin;
  readonly config: Config;
  /** Path; undefined: nobody has said where they are. */
  readonly settingsFile?: string | undefined;
  readonly uploads: { readonly firmware: Uploads; readonly release: Uploads };
  readonly takePiece: TakePiece;
}

const journalQuery = Type.Object(
  {
    part: Type.Optional(StoreName),
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Rows after this number; needs `part`.' })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
  },
  { additionalProperties: false },
);

const emergencyQuery = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) },
  { additionalProperties: false },
);

export const ok = (body: unknown): Answer => ({ code: 200, body });
export const failure = (code: number, name: string, message: string): Answer => ({
  code,
  body: { error: { code: name, message } },
});

export const routes: readonly Route[] = [
  {
    url: '/api/status',
    summary: 'Parts, what is wrong, and how many phones are how far.',
    answer: Status,
    answerTo: ({ now }, { views }) => ok(views.look(now).status),
  },
  {
    url: '/api/phones',
    summary: 'Every phone and how far it has come.',
    answer: Type.Object({ phones: Type.Array(Phone) }),
    answerTo: (asked, { views }) => ok({ phones: views.look(asked.now).phones(asked) }),
  },
  {
    url: '/api/phones/:mac',
    summary: 'All that is known of one phone and what to do next, by its MAC in any spelling.',
    params: Type.Object({ mac: Type.String({ maxLength: 24 }) }),
    answer: PhoneInDetail,
    answerTo: (asked, { views }) => {
      const mac = parseMac(asked.params['mac'] ?? '');
      if (mac === undefined) return failure(400, 'not_a_mac', 'A MAC has twelve hex digits.');
      const phone = views.phone(mac, asked);
      return phone === undefined
        ? failure(404, 'no_such_phone', `No phone ${mac} was seen here.`)
        : ok(phone);
    },
  },
  {
    url: '/api/phones/:mac/restart',
    method: 'post',
    summary: 'Orders a phone to restart; what comes of it stands in `restart.last` of the phone.',
    params: Type.Object({ mac: Type.String({ maxLength: 24 }) }),
    answer: RestartView,
    answerTo: restartAnswer,
  },
  {
    url: '/api/phones/:mac/logs/:id',
    summary:
      'The text of a log that a phone uploaded, as it came but for passwords and one-time paths; only for who has signed in, and on the box itself.',
    params: Type.Object({ mac: Type.String({ maxLength: 24 }), id: Type.Integer({ minimum: 1 }) }),
    mediaType: 'text/plain; charset=utf-8',
    answerTo: logAnswer,
  },
  {
    url: '/api/phones/:mac/syslog',
    summary:
      'All that is kept of what a phone said by syslog, without passwords, one-time paths and dialled codes; only for who has signed in, and on the box itself.',
    params: Type.Object({ mac: Type.String({ maxLength: 24 }) }),
    mediaType: 'text/plain; charset=utf-8',
    answerTo: syslogAnswer,
  },
  {
    url: '/api/leases',
    summary:
      'Who has which address, by leases of this box, of other servers through its relay, and by own word.',
    query: addressQuery,
    answer: Addresses,
    answerTo: (asked, { views }) => {
      const page = asked.query as { after?: string; limit: number };
      if (page.after !== undefined && !isIpv4(page.after))
        return failure(400, 'not_an_address', 'An address has four numbers up to 255.');
      return ok(views.addresses(page, asked));
    },
  },
  {
    url: '/api/refusals',
    summary: 'Devices that DHCP refused something lately, or that use an address without a lease, and why.',
    query: refusalQuery,
    answer: Refusals,
    answerTo: ({ query }, { views }) => {
      const { limit } = query as { limit: number };
      return ok({ refusals: views.refusals(limit) });
    },
  },
  {
    url: '/api/emergency',
    summary: 'Calls for help and tests of them, the newest first: ways, places, and who was told.',
    query: emergencyQuery,
    answer: Type.Object({ emergencies: Type.Array(Emergency) }),
    answerTo: (asked, { views }) => {
      const { limit } = asked.query as { limit: number };
      return ok({ emergencies: views.emergencies(limit, asked) });
    },
  },
  {
    url: '/api/calls',
    summary: 'The last calls, the newest first.',
    answer: Type.Object({ calls: Type.Array(Call) }),
    answerTo: (asked, { views }) => ok({ calls: views.calls(asked) }),
  },
  {
    url: '/api/calls/history',
    summary: 'How many calls each hour of the last two weeks had, and how many of them failed.',
    answer: CallsOfHours,
    answerTo: ({ now }, { views }) => ok(views.callHistory(now)),
  },
  ...ladderRoutes,
  ...adminRoutes,
  ...orderRoutes,
  ...settingsRoutes,
  ...templateRoutes,
  ...viewerRoutes,
  ...askRoutes,
  ...handoverRoutes,
  ...resetRoutes,
  ...backupRoutes,
  ...updateRoutes,
  ...firmwareRoutes,
  {
    url: '/api/journal',
    summary: 'What happened, oldest first: the last rows, or those of one part after a number.',
    query: journalQuery,
    answer: Type.Object({ rows: Type.Array(JournalEvent) }),
    answerTo: ({ query, personal }, { views }) => {
      const { part, after, limit } = query as { part?: string; after?: number; limit: number };
      const page = { limit, personal };
      if (part === undefined) {
        return after === undefined
          ? ok({ rows: views.latestJournal(storeNames, page) })
          : failure(
              400,
              'part_missing',
              'Numbers count in each part by itself: say which part with `after`.',
            );
      }
      if (!isStoreName(part)) return failure(400, 'no_such_part', `There are ${storeNames.join(', ')}.`);
      return ok({
        rows: after === undefined ? views.latestJournal([part], page) : views.journalAfter(part, after, page),
      });
    },
  },
  {
    url: '/api/events',
    summary:
      'Server-sent events: `journal` (one row), `phones` (changed and gone), `calls`, `status`. First comes the whole picture.',
    mediaType: 'text/event-stream',
  },
  {
    url: '/api/openapi.json',
    summary: 'This description.',
    answer: Type.Object({}, { additionalProperties: true }),
    answerTo: (_asked, { release }) => ok(openApi(routes, release)),
  },
  {
    url: '/healthz',
    isFor: 'everybody',
    summary: '200 when every part that the settings ask for runs and works, 503 otherwise.',
    answer: Type.Object({ state: Type.String(), parts: Type.Record(Type.String(), Type.String()) }),
    answerTo: ({ now }, { views }) => healthz(views, now),
  },
  {
    url: '/metrics',
    summary: 'For Prometheus; also with the bearer token of `web.metrics_token_file`.',
    mediaType: 'text/plain; version=0.0.4; charset=utf-8',
    answerTo: (asked, { views, streams }) => {
      const picture = views.look(asked.now);
      const { parts, callsUp } = picture.status;
      return ok(
        formatMetrics({
          parts,
          callsUp,
          phones: picture.phones(asked),
          streams: streams(),
          sounds: views.sounds(),
        }),
      );
    },
  },
];

async function restartAnswer(asked: Asked, { views, store }: Sources): Promise<Answer> {
  const mac = parseMac(asked.params['mac'] ?? '');
  if (mac === undefined) return failure(400, 'not_a_mac', 'A MAC has twelve hex digits.');
  const phone = views.phone(mac, asked);
  if (phone === undefined) return failure(404, 'no_such_phone', `No phone ${mac} was seen here.`);
  if (!phone.restart.isOffered) return failure(409, 'not_offered', phone.restart.words);
  const isGiven = await store.write((tx) => giveErrand(tx, 'restart', { mac, now: asked.now }));
  if (!isGiven) return failure(409, 'ordered_already', 'It was ordered to a moment ago.');
  return ok(views.phone(mac, asked)?.restart);
}

function logAnswer(asked: Asked, { views }: Sources): Answer {
  const id = Number(asked.params['id']);
  return strangersText(asked, (mac) => ({ text: views.phoneLog(mac, id), name: `${id}.log` }));
}

function syslogAnswer(asked: Asked, { views }: Sources): Answer {
  return strangersText(asked, (mac) => ({ text: views.phoneSyslog(mac) || undefined, name: 'syslog.log' }));
}

/** A stranger wrote it: for reading as text and for nothing else, whatever is in it. */
function strangersText(
  { params, personal }: Asked,
  read: (mac: string) => { text: Buffer | string | undefined; name: string },
): Answer {
  const mac = parseMac(params['mac'] ?? '');
  if (mac === undefined) return failure(400, 'not_a_mac', 'A MAC has twelve hex digits.');
  if (!personal) return failure(403, 'personal', 'Logs name people: sign in to read them.');
  const { text, name } = read(mac);
  if (text === undefined) return failure(404, 'no_such_log', 'There is no such log of this phone.');
  const disposition = `attachment; filename="${mac.replaceAll(':', '')}-${name}"`;
  return { code: 200, body: text, headers: { 'content-disposition': disposition } };
}

/** JSON Schemas for fastify: what comes in is checked, what goes out is cut to what is described. */
export function fastifySchema({ params, query, body, answer }: Route): Record<string, unknown> {
  return {
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(answer && { response: { '2xx': answer } }),
  };
}

function healthz(views: Views, now: number): Answer {
  const wanted = views.look(now).status.parts.filter((part) => part.isWanted);
  const parts = wanted.map(
    ({ name, isRunning, health }) => [name, isRunning ? (health?.state ?? 'ok') : 'not running'] as const,
  );
  const isGood = parts.every(([, state]) => state === 'ok' || state === 'degraded');
  return {
    code: isGood ? 200 : 503,
    body: { state: isGood ? 'ok' : 'failed', parts: Object.fromEntries(parts) },
  };
}
