/** `[update]`: where new releases come from, and when one may interrupt the site. */
import { Type } from '../schema.ts';
import { table, text } from './values.ts';

export const Update = table({
  url: Type.Optional(
    text(
      'HTTPS address of the folder in which new releases are announced. Redirects are not followed. Left out: updates come by stick or page only.',
      {
        title: 'an https address',
        examples: ['https://releases.example.com/gatehouse'],
        pattern: String.raw`^https://[A-Za-z0-9.\-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~\-]+)*/?$`,
      },
    ),
  ),
  automatic: Type.Boolean({
    description:
      'Install what was fetched or came on a stick by itself, in `window` and when nobody calls. Off: somebody says so each time, on the page or by `gatehouse update apply`.',
    default: true,
  }),
  window: text(
    "When the box may restart for an update, by the site's clock; the same time twice is all day.",
    {
      title: 'two times of day',
      examples: ['02:00-05:00'],
      pattern: String.raw`^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$`,
      default: '02:00-05:00',
    },
  ),
});
