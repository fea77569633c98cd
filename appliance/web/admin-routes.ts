/** The ways to sign in and out, to the first password and to another one. */
import { Type } from '../schema.ts';
import { sessionCookie } from './access.ts';
import type { Entered } from './admin-sessions.ts';
import { hasSettings } from './page-files.ts';
import type { Refused } from './password-checks.ts';
import { failure, type Answer, type Asked, type Route } from './routes.ts';

export const secretText = Type.String({ minLength: 1, maxLength: 1024 });
const strict = { additionalProperties: false } as const;

const AccessView = Type.Object({
  signedIn: Type.Boolean({ description: 'As the admin.' }),
  isViewer: Type.Boolean({ description: 'Signed in to look and order nothing.' }),
  mayRead: Type.Boolean(),
  mayOrder: Type.Boolean(),
  wants: Type.Enum(['nothing', 'sign-in', 'set-up'], {
    type: 'string',
    description: 'What would open the rest.',
  }),
  hasSettings: Type.Boolean({ description: 'Somebody has configured this box.' }),
  site: Type.Optional(Type.String({ description: 'Its name, for who may read.' })),
});

export const adminRoutes: readonly Route[] = [
  {
    url: '/api/access',
    isFor: 'everybody',
    summary: 'What who asks may do here.',
    answer: AccessView,
    answerTo: ({ access }, { config }) => {
      const { mayRead, mayOrder, wants, session, viewer } = access;
      const site = mayRead ? { site: config.site.name } : {};
      const isViewer = viewer !== undefined;
      const body = { signedIn: session !== undefined, isViewer, mayRead, mayOrder, wants, ...site };
      return { code: 200, body: { ...body, hasSettings: hasSettings(config) } };
    },
  },
  {
    url: '/api/sign-in',
    method: 'post',
    isFor: 'everybody',
    summary: 'Signs in; the answer sets a cookie.',
    body: Type.Object({ password: secretText }, strict),
    bodyLimit: 4096,
    answer: Type.Object({}),
    answerTo: async (asked, { admin }) => {
      const { password } = asked.body as { password: string };
      return entered(asked, await admin.signIn(password, asked.remote));
    },
  },
  {
    url: '/api/sign-out',
    method: 'post',
    isFor: 'everybody',
    summary: 'Ends this session, where there is one.',
    answer: Type.Object({}),
    answerTo: async ({ access, remote, isSecure }, { admin }) => {
      if (access.viewer !== undefined) admin.viewers.end(access.viewer);
      if (access.session !== undefined) await admin.sessions.end(access.session, remote);
      return { code: 200, body: {}, headers: { 'set-cookie': sessionCookie(undefined, isSecure) } };
    },
  },
  {
    url: '/api/password',
    method: 'post',
    isFor: 'admin',
    summary: 'Another password; all other sessions end.',
    body: Type.Object({ current: secretText, password: secretText }, strict),
    bodyLimit: 4096,
    answer: Type.Object({}),
    answerTo: async ({ access, remote, body }, { admin }) => {
      if (access.session === undefined) return failure(401, 'sign-in', 'Sign in first.');
      const change = body as { current: string; password: string };
      const refused = await admin.changePassword(access.session, { ...change, remote });
      return refused === undefined ? { code: 200, body: {} } : refusal(refused);
    },
  },
  {
    url: '/api/setup',
    method: 'post',
    isFor: 'everybody',
    summary: 'The first password of a box, with the code that its own screen shows; signs in.',
    body: Type.Object({ code: secretText, password: secretText }, strict),
    bodyLimit: 4096,
    answer: Type.Object({}),
    answerTo: async (asked, { admin }) => {
      const { code, password } = asked.body as { code: string; password: string };
      return entered(asked, await admin.setUp(code, password, asked.remote));
    },
  },
];

function entered({ isSecure }: Asked, result: Pick<Entered, 'token'> | Refused): Answer {
  if ('refused' in result) return refusal(result);
  return { code: 200, body: {}, headers: { 'set-cookie': sessionCookie(result.token, isSecure) } };
}

const codes = { wrong: 403, wait: 429, busy: 503, short: 400, done: 409 } as const;

export function refusal({ refused, words, waitSeconds }: Refused): Answer {
  const headers = waitSeconds === undefined ? {} : { 'retry-after': String(waitSeconds) };
  return { ...failure(codes[refused], refused, words), headers };
}
