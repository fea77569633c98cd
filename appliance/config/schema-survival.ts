/** Settings for calls on site while the internet is away. */
import { Type } from '../schema.ts';
import { table } from './values.ts';

const digits = (description: string, examples: readonly string[], rest: object = {}) =>
  Type.String({ description, pattern: '^[0-9]{0,6}$', title: 'digits', examples, ...rest });

export const DialPlan = table({
  country_code: digits(
    'Calling code of the country, without +; empty: in an outage numbers are compared as they are dialled.',
    ['49'],
    { default: '' },
  ),
  national_prefix: Type.Optional(
    digits("Dialled before an area code; empty where there is none. Left out: the country's own.", ['0']),
  ),
  international_prefix: Type.Optional(
    digits("Dialled before a calling code. Left out: the country's own.", ['00', '011']),
  ),
  outside_line_prefix: digits('Dialled to leave the site; empty where there is none.', ['0', '9'], {
    default: '',
  }),
  extension_length: Type.Integer({
    description:
      'Digits of a number inside the site; in an outage they reach the phone whose number ends so. 0: none.',
    default: 0,
    minimum: 0,
    maximum: 8,
  }),
});
