/** The way to a factory reset: says first which phones would be lost, and asks for the password again. */
import { Type } from '../schema.ts';
import { ledPhones } from '../store/led-phones.ts';
import { refusal } from './admin-routes.ts';
import { order, OrderGiven } from './order-routes.ts';
import { ok, type Route } from './routes.ts';

export const resetRoutes: readonly Route[] = [
  {
    url: '/api/reset',
    isFor: 'admin',
    summary: 'What a factory reset would leave without a way to the cloud.',
    answer: Type.Object({
      ledPhones: Type.Integer({ description: 'Phones that need `gatehouse bypass` first.' }),
    }),
    answerTo: ({ now }, { config }) =>
      ok({ ledPhones: ledPhones(config.site.state_directory, now, config.site).length }),
  },
  {
    url: '/api/reset',
    method: 'post',
    isFor: 'admin',
    summary: 'Factory reset: destroys keys, settings and all that the box knows, and starts it anew.',
    body: Type.Object(
      { password: Type.String({ minLength: 1, maxLength: 1024 }) },
      { additionalProperties: false },
    ),
    bodyLimit: 4096,
    answer: OrderGiven,
    answerTo: async (asked, sources) => {
      const { password } = asked.body as { password: string };
      const refused = await sources.admin.confirm(password, asked.remote);
      if (refused !== undefined) return refusal(refused);
      return await order(asked, sources, { kind: 'reset.factory', words: {} });
    },
  },
];
