/** Messages in the manner of RFC 4475: what each one is about is theirs, the words are ours. */
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { essentials, listValues, parseNameAddress } from '../../../appliance/protocol/sip-headers.ts';
import {
  decodeSipMessage,
  isRequest,
  salvageRequest,
  type SipMessage,
} from '../../../appliance/protocol/sip-message.ts';

interface Case {
  readonly start: string;
  /** Replaces or adds lines of the usual header; undefined leaves one out. */
  readonly header?: Record<string, string | undefined>;
  readonly body?: string;
}

const usual: Record<string, string> = {
  Via: 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKusual',
  From: '<sip:caller@example.net>;tag=f1',
  To: '<sip:callee@example.com>',
  'Call-ID': 'usual@192.0.2.7',
  CSeq: '7 INVITE',
  'Max-Forwards': '70',
  'Content-Length': '0',
};

function bytesOf({ start, header = {}, body = '' }: Case): Buffer {
  const lines = Object.entries({ ...usual, ...header }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return Buffer.from(`${[start, ...lines].join('\r\n')}\r\n\r\n${body}`);
}

const invite = 'INVITE sip:callee@example.com SIP/2.0';

const valid: [string, Case, [(message: SipMessage) => unknown, unknown]][] = [
  [
    'white space everywhere it may be',
    {
      start: invite,
      header: {
        Via: undefined,
        'v  ': 'SIP  / 2.0\r\n /UDP\r\n    192.0.2.7 ; branch = z9hG4bK1,\r\n SIP/2.0/TCP other.example',
        CSeq: '0007\r\n  INVITE',
        From: '"Call\\"er \\\\" <sip:caller@example.net>\r\n   ; tag = f1',
      },
    },
    [
      (message) => ({ vias: listValues(message, 'Via').length, ...essentials(message) }),
      { vias: 2, fromTag: 'f1', cseq: { number: 7 } },
    ],
  ],
  [
    'a method of unusual characters',
    { start: "!mine-2_.*%+`'~ sip:x SIP/2.0", header: { CSeq: "7 !mine-2_.*%+`'~" } },
    [(message) => message, { method: "!mine-2_.*%+`'~" }],
  ],
  [
    'escaped characters are not touched',
    { start: 'INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0' },
    [(message) => message, { uri: 'sip:sips%3Auser%40example.com@example.net' }],
  ],
  [
    'an escaped zero byte',
    {
      start: 'REGISTER sip:example.com SIP/2.0',
      header: { CSeq: '7 REGISTER', Contact: '<sip:a%00b@host>' },
    },
    [(message) => parseNameAddress(listValues(message, 'Contact')[0] ?? '').uri, 'sip:a%00b@host'],
  ],
  [
    'a second request behind the first one’s body',
    { start: invite, body: 'INVITE sip:second@example.com SIP/2.0\r\n\r\n' },
    [(message) => message.body.length, 0],
  ],
  [
    'a semicolon in the user part',
    { start: 'OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0', header: { CSeq: '7 OPTIONS' } },
    [(message) => essentials(message).cseq.method, 'OPTIONS'],
  ],
  [
    'a name without white space before the bracket',
    { start: invite, header: { From: 'caller<sip:caller@example.net>;tag=f1' } },
    [(message) => essentials(message).from.display, 'caller'],
  ],
  [
    'a reason in another alphabet',
    { start: 'SIP/2.0 200 = 2**3 * 5**2 но сто' },
    [(message) => message, { status: 200, reason: '= 2**3 * 5**2 но сто' }],
  ],
  [
    'values as long as nobody writes them',
    {
      start: invite,
      header: {
        Via: Array.from(
          { length: 34 },
          (_, at) => `SIP/2.0/TCP h${at}.example;branch=z9hG4bK${'long'.repeat(40)}${at}`,
        ).join(', '),
        To: `"${'I have a long name '.repeat(50)}" <sip:callee@example.com>`,
      },
    },
    [(message) => listValues(message, 'Via').length, 34],
  ],
  [
    'an IPv6 Via and a received parameter in brackets',
    {
      start: invite,
      header: { Via: 'SIP/2.0/UDP [2001:db8::9:1]:5061;received=[2001:db8::9:255];branch=z9hG4bKas3' },
    },
    [(message) => essentials(message).via, { host: '2001:db8::9:1', port: 5061 }],
  ],
  [
    'an unknown scheme is for somebody else to refuse',
    { start: 'OPTIONS nobodyknows:x SIP/2.0', header: { CSeq: '7 OPTIONS' } },
    [(message) => message, { uri: 'nobodyknows:x' }],
  ],
];

const invalid: [string, Case, number][] = [
  [
    'parameters that end too early',
    { start: invite, header: { Via: 'SIP/2.0/UDP 192.0.2.7;;,;,,', To: '<sip:x>;;,;,,' } },
    400,
  ],
  [
    'a Content-Length larger than the message',
    { start: invite, header: { 'Content-Length': '9999' }, body: 'v=0' },
    400,
  ],
  ['a negative Content-Length', { start: invite, header: { 'Content-Length': '-999' } }, 400],
  ['numbers that are too large', { start: invite, header: { CSeq: '36893488147419103232 INVITE' } }, 400],
  ['an open quote in To', { start: invite, header: { To: '"Mr. X <sip:x@example.com>' } }, 400],
  ['a Request-URI in brackets', { start: 'INVITE <sip:callee@example.com> SIP/2.0' }, 400],
  ['white space in the Request-URI', { start: 'INVITE sip:callee@example.com; lr SIP/2.0' }, 400],
  ['many spaces in the start line', { start: 'INVITE  sip:callee@example.com  SIP/2.0' }, 400],
  ['white space behind the start line', { start: `${invite}  ` }, 400],
  ['another version of SIP', { start: 'OPTIONS sip:x SIP/7.0', header: { CSeq: '7 OPTIONS' } }, 505],
  ['a method that isn’t that of CSeq', { start: 'OPTIONS sip:x SIP/2.0' }, 400],
  ['an unknown method that isn’t that of CSeq', { start: 'NEWMETHOD sip:x SIP/2.0' }, 400],
  ['a status that is too big', { start: 'SIP/2.0 4294967301 better not break the receiver' }, 400],
  ['a Max-Forwards that is no number', { start: invite, header: { 'Max-Forwards': '-1' } }, 400],
  ['no To', { start: invite, header: { To: undefined } }, 400],
];

it.each(valid)('%s is read', (_title, message, [read, expected]) => {
  expect({ value: read(decodeSipMessage(bytesOf(message))) }).toMatchObject({ value: expected });
});

it.each(invalid)('%s is refused', (_title, message, status) => {
  const read = () => essentials(decodeSipMessage(bytesOf(message)));
  expect(read).toThrow(DecodeError);
  expect(read).toThrow(expect.objectContaining({ status }));
});

it('enough of a broken request is left to refuse it', () => {
  const [, broken] = invalid[4] ?? [];
  const salvaged = salvageRequest(bytesOf(broken ?? { start: '' }));
  expect(salvaged).toMatchObject({ method: 'INVITE' });
  expect(salvaged?.headers.map(({ name }) => name)).toEqual(Object.keys(usual));
  expect(isRequest(decodeSipMessage(bytesOf({ start: invite })))).toBe(true);
});
