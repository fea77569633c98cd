/** All messages of RFC 4475: which are read is in the fixture's table, with which values is here. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  essentials,
  headerValue,
  listValues,
  parseNameAddress,
  parseVia,
} from '../../../appliance/protocol/sip-headers.ts';
import {
  decodeSipMessage,
  encodeSipMessage,
  salvageRequest,
  type SipMessage,
} from '../../../appliance/protocol/sip-message.ts';
import { SipStream } from '../../../appliance/protocol/sip-stream.ts';
import { param, parseSipUri } from '../../../appliance/protocol/sip-uri.ts';
import { refusedWith, tortureBytes, tortureMessages } from '../../support/sip-torture.ts';

const messages = tortureMessages();
const readable = messages.filter(({ isRead }) => isRead);
const unreadable = messages.filter(({ isRead }) => !isRead);

function read(bytes: Uint8Array): SipMessage {
  const message = decodeSipMessage(bytes);
  essentials(message);
  return message;
}

function isReadOrRefused(bytes: Uint8Array): boolean {
  try {
    read(bytes);
    return true;
  } catch (error) {
    return error instanceof DecodeError;
  }
}

function withoutLength(message: SipMessage) {
  return {
    ...message,
    headers: message.headers.filter(({ name }) => name !== 'Content-Length'),
    body: Buffer.from(message.body).toString('hex'),
  };
}

it('all 49 messages have a verdict', () => {
  expect(messages).toHaveLength(49);
  expect(readable).toHaveLength(29);
});

it.each(readable)('$name is read, and written so that it is read the same', ({ bytes }) => {
  const message = read(bytes);
  const again = read(encodeSipMessage(message));
  expect(withoutLength(again)).toEqual(withoutLength(message));
});

it.each(unreadable)('$name is refused', ({ name, bytes, udp }) => {
  // What the server makes of it is the same, but for a method that it doesn't know.
  const status = name === 'mismatch02' ? 400 : (refusedWith(udp) ?? 400);
  expect(() => read(bytes)).toThrow(expect.objectContaining({ name: 'DecodeError', status }));
});

const uriIn = (message: SipMessage, name: string) => parseNameAddress(listValues(message, name)[0] ?? '');

const values: [string, (message: SipMessage) => unknown, unknown][] = [
  [
    'wsinv',
    (message) => ({
      ...essentials(message),
      vias: listValues(message, 'Via').map(parseVia),
      contact: uriIn(message, 'Contact'),
      subject: headerValue(message, 'Subject'),
      hops: Number(headerValue(message, 'Max-Forwards')),
    }),
    {
      cseq: { number: 9, method: 'INVITE' },
      fromTag: '98asjd8',
      toTag: '1918181833n',
      from: { display: String.raw`"J Rosenberg \\\""`, uri: 'sip:jdrosen@example.com' },
      vias: [
        { transport: 'UDP', host: '192.0.2.2', params: [['branch', '390skdjuw']] },
        { transport: 'TCP', host: 'spindle.example.com', params: [['branch', 'z9hG4bK9ikj8']] },
        { transport: 'UDP', host: '192.168.255.111', params: [['branch', 'z9hG4bK30239']] },
      ],
      contact: {
        params: [
          ['newparam', 'newvalue'],
          ['secondparam', undefined],
          ['q', '0.33'],
        ],
      },
      subject: '',
      hops: 68,
    },
  ],
  [
    'intmeth',
    (message) => ({
      ...essentials(message),
      ...message,
      host: 'uri' in message && parseSipUri(message.uri),
      unknown: headerValue(message, "Extensionheader-!.%*+_`'~"),
    }),
    {
      method: "!interesting-Method0123456789_*+`.%indeed'~",
      cseq: { number: 139_122_385, method: "!interesting-Method0123456789_*+`.%indeed'~" },
      callId: String.raw`intmeth.word%ZK-!.*_+'@word` + '`' + String.raw`~)(><:\/"][?}{`,
      fromTag: "_token~1'+`*%!-.",
      from: { display: "token1~` token2'+_ token3*%!.-", uri: 'sip:mundane@example.com' },
      to: { display: '"BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007F"' },
      host: { host: 'example.com', user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*" },
      unknown: '\uFEFF大停電',
    },
  ],
  [
    'esc01',
    (message) => ({ ...message, ...essentials(message), contact: uriIn(message, 'Contact').uri }),
    {
      uri: 'sip:sips%3Auser%40example.com@example.net',
      to: { uri: 'sip:%75se%72@example.com' },
      contact: 'sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31',
    },
  ],
  [
    'escnull',
    (message) => listValues(message, 'Contact'),
    ['<sip:%00@host5.example.com>', '<sip:%00%00@host5.example.com>'],
  ],
  [
    'esc02',
    (message) => ({ ...message, contacts: listValues(message, 'Contact').length, ...essentials(message) }),
    { method: 'RE%47IST%45R', contacts: 2, from: { display: '"%Z%45"' } },
  ],
  ['lwsdisp', (message) => essentials(message).from.display, 'caller'],
  [
    'longreq',
    (message) => ({
      vias: listValues(message, 'Via').length,
      branch: param(parseVia(listValues(message, 'Via')[33] ?? '').params, 'branch'),
      display: essentials(message).to.display,
      tag: essentials(message).fromTag?.length,
      body: message.body.length,
    }),
    {
      vias: 34,
      branch: `very${'long'.repeat(50)}branchvalue`,
      display: `"I have a user name of ${'extreme'.repeat(10)} proportion"`,
      tag: 155,
      body: 150,
    },
  ],
  ['dblreq', (message) => [message.body.length, headerValue(message, 'CSeq')], [0, '8 REGISTER']],
  [
    'semiuri',
    (message) => 'uri' in message && parseSipUri(message.uri),
    { user: 'user;par=u%40example.net', host: 'example.com', params: [] },
  ],
  [
    'transports',
    (message) => listValues(message, 'Via').map((via) => parseVia(via).transport),
    ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP'],
  ],
  [
    'mpart01',
    ({ body }) => [body.length, Buffer.from(body).indexOf('3082015206092A864886F70D0107', 'hex')],
    [553, 187],
  ],
  [
    'unreason',
    (message) => message,
    { status: 200, reason: '= 2**3 * 5**2 но сто девяносто девять - простое' },
  ],
  ['noreason', (message) => message, { status: 100, reason: '' }],
  ['unksm2', (message) => essentials(message).to.uri, 'isbn:2983792873'],
  ['regaut01', (message) => headerValue(message, 'Authorization'), 'NoOneKnowsThisScheme opaque-data=here'],
  ['cparam01', (message) => uriIn(message, 'Contact').params, [['unknownparam', undefined]]],
  [
    'cparam02',
    (message) => [uriIn(message, 'Contact').params, parseSipUri(uriIn(message, 'Contact').uri).params],
    [[], [['unknownparam', undefined]]],
  ],
  [
    'regescrt',
    (message) => parseSipUri(uriIn(message, 'Contact').uri).headers,
    'Route=%3Csip:sip.example.com%3E',
  ],
  [
    'inv2543',
    (message) => ({ ...essentials(message), length: message.body.length }),
    { fromTag: undefined, from: { params: [] }, to: { params: [['user', 'phone']] }, length: 105 },
  ],
];

it.each(values)('%s has the right values', (name, valuesOf, expected) => {
  expect({ values: valuesOf(decodeSipMessage(tortureBytes(name))) }).toMatchObject({ values: expected });
});

it('what comes in a stream is the same wherever it is cut', () => {
  for (const { name, bytes, isRead, tcp } of messages) {
    if (!isRead || tcp.includes('close')) continue;
    const stream = new SipStream();
    const frames = Array.from(bytes).flatMap((byte) => stream.push(Uint8Array.of(byte)));
    expect({ name, first: frames[0]?.kind }).toEqual({ name, first: 'message' });
    const whole = new SipStream().push(bytes);
    expect(frames.map(({ kind }) => kind)).toEqual(whole.map(({ kind }) => kind));
  }
});

it('where a stream’s next message begins is never guessed', () => {
  for (const { name, bytes, tcp } of messages) {
    const [first] = new SipStream().push(bytes);
    const expected = tcp.includes('close') ? 'broken' : tcp === 'wait' ? undefined : 'message';
    expect({ name, first: first?.kind }).toEqual({ name, first: expected });
  }
});

it('enough of each broken request is left to refuse it', () => {
  for (const { name, bytes, udp } of unreadable) {
    expect({ name, isRequest: salvageRequest(bytes) !== undefined }).toEqual({
      name,
      isRequest: udp.startsWith('refuse'),
    });
  }
});

it('a message of these with some bytes changed is a message or a DecodeError', () => {
  const change = fc.tuple(
    fc.nat(4000),
    fc.constantFrom(0, 9, 10, 13, 32, 34, 44, 58, 59, 60, 62, 64, 92, 255),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      ({ bytes }, changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, byte] of changes) changed[at % changed.length] = byte;
        expect(isReadOrRefused(changed)).toBe(true);
        salvageRequest(changed);
        const frames = new SipStream().push(changed).filter(({ kind }) => kind === 'message');
        expect(frames.every((frame) => 'bytes' in frame && isReadOrRefused(frame.bytes))).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
