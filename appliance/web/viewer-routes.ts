/** The password of those who only look: set and taken away by the admin. */
import { Type } from '../schema.ts';
import { refusal, secretText } from './admin-routes.ts';
import { ok, type Route } from './routes.ts';

export const viewerRoutes: readonly Route[] = [
  {
    url: '/api/viewers',
    isFor: 'admin',
    summary: 'Whether people may look at this page with a password of their own.',
    answer: Type.Object({ mayLook: Type.Boolean() }),
    answerTo: (_asked, { admin }) => ok({ mayLook: admin.viewers.mayLook() }),
  },
  {
    url: '/api/viewers',
    method: 'post',
    isFor: 'admin',
    summary:
      "The password of people who only look, with the admin's own as `current`; without one nobody may any more. Whoever is in by it is out.",
    body: Type.Object(
      { current: Type.Optional(secretText), password: Type.Optional(secretText) },
      { additionalProperties: false },
    ),
    bodyLimit: 4096,
    answer: Type.Object({}),
    answerTo: async ({ body, remote }, { admin }) => {
      const { current = '', password } = body as { current?: string; password?: string };
      // Whoever found a browser signed in must not stay in by another way, nor guess here what the admin's password is.
      const refused =
        (password === undefined ? undefined : await admin.confirm(current, remote)) ??
        (await admin.viewers.setPassword(password, remote));
      return refused === undefined ? ok({}) : refusal(refused);
    },
  },
];
