/** Settings for calls on site while the internet is away. */
import { Type } from './schema.ts';
import { list, seconds, table } from './config-values.ts';

const digits = (description: string, examples: readonly string[], rest: object = {}) =>
  Type.String({ description, pattern: '^[0-9]{0,6}$', title: 'digits', examples, ...rest });

const number = () =>
  Type.String({
    description: 'Number',
    title: 'a number as it is dialled (digits, may begin with +)',
    examples: ['112'],
    pattern: '^\\+?[0-9]{2,15}$',
  });

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

export const Emergency = table({
  numbers: list(
    number(),
    'Numbers that people dial for help. Empty: those of dial_plan.country_code, and 112 and 911.',
  ),
  attendants: list(
    number(),
    'Phones here, by number, that ring when an emergency call does not reach the cloud. Empty: all of them.',
  ),
  cloud_answer_seconds: seconds(
    'An emergency call of which the cloud has said nothing for so long rings phones here.',
    4,
    30,
  ),
});
