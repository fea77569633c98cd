/** Settings for calls for help: who is rung and told on site, and the way to the telephone network that needs no internet. */
import { Type } from '../schema.ts';
import { host, list, port, seconds, table, text } from './values.ts';

const number = (description = 'Number') =>
  Type.String({
    description,
    title: 'a number as it is dialled (digits, may begin with +)',
    examples: ['112'],
    pattern: '^\\+?[0-9]{2,15}$',
  });
const fullNumber = (description: string) =>
  Type.String({
    description,
    title: 'a full number with + and calling code',
    examples: ['+4930555100'],
    pattern: '^\\+[0-9]{5,15}$',
  });
const mailAddress = (description: string) =>
  text(description, {
    title: 'a mail address',
    examples: ['security@example.com'],
    pattern: String.raw`^[^\s<>"@]+@[^\s<>"@]+$`,
  });
const secretFile = (description: string) =>
  text(description, { examples: ['/etc/gatehouse/gateway.secret'] });
/** A name or an address. */
const server = (description: string) => ({ ...host(), description, examples: ['10.20.0.9'] });

const Elin = Type.Object(
  {
    place: text('A place of the wiremap, or the first words of several.', {
      examples: ['Building 2, floor 3'],
    }),
    number: fullNumber('What the telephone network is shown for calls from there.'),
  },
  { additionalProperties: false },
);

const Syslog = table({
  server: Type.Optional(server('Syslog server that is told (RFC 5424). Left out: none.')),
  port: port('Its port.', 514),
  transport: Type.Union([Type.Literal('udp'), Type.Literal('tcp')], {
    description:
      '"tcp" is repeated until it was delivered; "udp" is sent once, and nobody knows whether it came.',
    default: 'udp',
  }),
});

const Mail = table({
  server: Type.Optional(server('Mail server that takes mail for `to`. Left out: no mail.')),
  port: port('Its port: 25, 587 or 465.', 25),
  tls: Type.Union([Type.Literal('none'), Type.Literal('starttls'), Type.Literal('tls')], {
    description:
      '"none" in clear, "starttls" encrypted after the greeting (port 587), "tls" from the start (465). The server must prove its name.',
    default: 'starttls',
  }),
  from: Type.Optional(mailAddress('Sender.')),
  to: list(mailAddress('Address.'), 'Who gets it.'),
  username: Type.Optional(text('Account at the server, where it wants one.', { examples: ['gatehouse'] })),
  secret_file: Type.Optional(secretFile('File with the password of that account, readable by the box only.')),
});

export const Emergency = table({
  numbers: list(
    number(),
    'Numbers that people dial for help, in place of those of dial_plan.country_code, 112 and 911.',
  ),
  more_numbers: list(
    number(),
    "Further numbers for help beside the country's: the local police station, the works fire brigade.",
  ),
  attendants: list(
    number(),
    'Phones here, by number, that get a text at each emergency call (or ring, where they refuse texts), and ring when it reaches neither cloud nor gateway. Empty: all ring, none is told.',
  ),
  attendant_seconds: seconds('Attendants ring alone for so long, then every phone does.', 20, 120),
  cloud_answer_seconds: seconds(
    'An emergency call of which the cloud, or the gateway, has said nothing for so long takes the next way.',
    4,
    30,
  ),
  callback_minutes: Type.Integer({
    description:
      'So long after an emergency call, a call to the number that it showed rings the phone that made it.',
    default: 180,
    minimum: 1,
    maximum: 1440,
  }),
  elin: list(
    Elin,
    "Numbers that say where a caller is, one [[emergency.elin]] table a place: the gateway shows them in place of the phone's own.",
  ),
  webhook: Type.Optional(
    text(
      'Address in this network that each emergency call is posted to as JSON. Redirects are not followed.',
      {
        title: 'an http or https address',
        examples: ['http://10.20.0.5/alarm'],
        pattern: String.raw`^https?://[^/?#\s@]+(?:[/?#]\S*)?$`,
      },
    ),
  ),
  syslog: Syslog,
  mail: Mail,
});

export const Gateway = table({
  host: Type.Optional(
    server(
      'SIP gateway in this network that has lines of the telephone network. Emergency calls that the cloud does not take go there. Left out: there is none, and in an outage nobody here can reach emergency services.',
    ),
  ),
  port: port('Its port.', 5060),
  transport: Type.Union([Type.Literal('udp'), Type.Literal('tcp'), Type.Literal('tls')], {
    description:
      'How it is spoken to; with "tls" it must prove its name (authorities of site.extra_ca_file count).',
    default: 'udp',
  }),
  media: Type.Union([Type.Literal('rtp'), Type.Literal('srtp')], {
    description:
      '"rtp": it takes sound in clear. "srtp": encrypted, with keys in the call (SDES), over "tls" only.',
    default: 'rtp',
  }),
  username: Type.Optional(text('Account at the gateway, where it wants one.', { examples: ['gatehouse'] })),
  secret_file: Type.Optional(secretFile('File with the password of that account, readable by the box only.')),
  number: Type.Optional(
    fullNumber('Main number of its lines: shown for phones without a number, or for all (`shown`).'),
  ),
  shown: Type.Union([Type.Literal('phone'), Type.Literal('main')], {
    description:
      'What the telephone network is shown: "phone" the phone\'s own number, "main" always `number`.',
    default: 'phone',
  }),
  shown_form: Type.Union([Type.Literal('e164'), Type.Literal('digits'), Type.Literal('national')], {
    description:
      'How numbers are written to it, shown and dialled: "e164" +4930555100, "digits" 4930555100, "national" 030555100 (abroad 004315550101).',
    default: 'e164',
  }),
  prefixes: list(
    Type.String({
      description: 'Beginning of numbers.',
      title: 'the beginning of a full number',
      examples: ['+49'],
      pattern: '^\\+[0-9]{0,14}$',
    }),
    'What may be called through it in an outage beside emergency numbers, such as ["+49"]. Empty: nothing.',
  ),
  calls: Type.Integer({
    description:
      'Such calls at a time. Leave a line free: one less than it has. An emergency call that finds none ends the youngest of them.',
    default: 1,
    minimum: 1,
    maximum: 100,
  }),
});
