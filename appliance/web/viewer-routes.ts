/** The password of those who only look: set and taken away by the admin. */
import { Type } from '../schema.ts';
import { refusal } from './admin-routes.ts';
import { failure, ok, type Route } from './routes.ts';

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
      'The password of people who only look; without one nobody may any more. Whoever is in by it is out.',
    body: Type.Object(
      { password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })) },
      { additionalProperties: false },
    ),
    bodyLimit: 4096,
    answer: Type.Object({}),
    answerTo: async ({ access, body, remote }, { admin }) => {
      if (access.session === undefined) return failure(401, 'sign-in', 'Sign in first.');
      const { password } = body as { password?: string };
      const refused = await admin.viewers.setPassword(password, remote);
      return refused === undefined ? ok({}) : refusal(refused);
    },
  },
];
