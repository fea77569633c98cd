import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  decodeSipMessage,
  encodeSipMessage,
  salvageRequest,
} from '../../../appliance/protocol/sip-message.ts';
import type { SipMessage } from '../../../appliance/protocol/sip-message.ts';

const text = (lines: readonly string[], body = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
const none = new Uint8Array();

/** Each row is read both ways. */
const rows: [string, SipMessage, Buffer][] = [
  [
    'a REGISTER without body',
    {
      method: 'REGISTER',
      uri: 'sip:example.com',
      headers: [
        { name: 'Via', value: 'SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1;rport' },
        { name: 'Contact', value: '<sip:100@10.0.0.2:5060>;expires=60' },
      ],
      body: none,
    },
    text(
      [
        'REGISTER sip:example.com SIP/2.0',
        'Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1;rport',
        'Contact: <sip:100@10.0.0.2:5060>;expires=60',
        'Content-Length: 0',
      ],
      '',
    ),
  ],
  [
    'a response with a body of several bytes a character',
    {
      status: 200,
      reason: 'OK',
      headers: [{ name: 'To', value: '"Jürgen" <sip:j@x>' }],
      body: Buffer.from('grün €'),
    },
    text(['SIP/2.0 200 OK', 'To: "Jürgen" <sip:j@x>', 'Content-Length: 9'], 'grün €'),
  ],
  [
    'a response without reason',
    { status: 486, reason: '', headers: [], body: none },
    text(['SIP/2.0 486 ', 'Content-Length: 0'], ''),
  ],
  [
    'two challenges on lines of their own',
    {
      status: 401,
      reason: 'Unauthorized',
      headers: [
        { name: 'WWW-Authenticate', value: 'Digest realm="a", algorithm=SHA-256' },
        { name: 'WWW-Authenticate', value: 'Digest realm="a", algorithm=MD5' },
      ],
      body: none,
    },
    text(
      [
        'SIP/2.0 401 Unauthorized',
        'WWW-Authenticate: Digest realm="a", algorithm=SHA-256',
        'WWW-Authenticate: Digest realm="a", algorithm=MD5',
        'Content-Length: 0',
      ],
      '',
    ),
  ],
];

const plain = (message: SipMessage) => ({
  ...message,
  headers: message.headers.filter(({ name }) => name !== 'Content-Length'),
  body: Buffer.from(message.body).toString('hex'),
});

function isReadOrRefused(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof DecodeError;
  }
}

describe('SIP messages', () => {
  it.each(rows)('%s is read and written', (_title, message, bytes) => {
    expect(plain(decodeSipMessage(bytes))).toEqual(plain(message));
    expect(Buffer.from(encodeSipMessage(message)).toString()).toBe(bytes.toString());
  });

  it('compact and lower-case names are read as the long ones', () => {
    const message = decodeSipMessage(
      text(['OPTIONS sip:x SIP/2.0', 'i:1', 'CSEQ : 1 OPTIONS', 'www-authenticate:x', 'l: 0']),
    );
    expect(message.headers.map(({ name }) => name)).toEqual([
      'Call-ID',
      'CSeq',
      'WWW-Authenticate',
      'Content-Length',
    ]);
  });

  it('folded lines are one', () => {
    const message = decodeSipMessage(text(['OPTIONS sip:x SIP/2.0', 'Subject: one', '\t two', ' three']));
    expect(message.headers).toEqual([{ name: 'Subject', value: 'one two three' }]);
  });

  it('empty lines before a message are skipped', () => {
    expect(
      decodeSipMessage(Buffer.concat([Buffer.from('\r\n\r\n'), text(['OPTIONS sip:x SIP/2.0'])])),
    ).toMatchObject({
      method: 'OPTIONS',
    });
  });

  it('bytes behind Content-Length do not belong to the body', () => {
    expect(decodeSipMessage(text(['OPTIONS sip:x SIP/2.0', 'l: 2'], 'abcd')).body).toEqual(Buffer.from('ab'));
  });

  it.each([
    ['two spaces in the start line', ['OPTIONS  sip:x SIP/2.0'], 400],
    ['a space behind the start line', ['OPTIONS sip:x SIP/2.0 '], 400],
    ['a URI in angle brackets', ['OPTIONS <sip:x> SIP/2.0'], 400],
    ['another version', ['OPTIONS sip:x SIP/7.0'], 505],
    ['a status of four digits', ['SIP/2.0 4294 x'], 400],
    ['a status out of range', ['SIP/2.0 099 x'], 400],
    ['a Content-Length below zero', ['OPTIONS sip:x SIP/2.0', 'Content-Length: -999'], 400],
    ['a Content-Length that is more than there is', ['OPTIONS sip:x SIP/2.0', 'Content-Length: 1'], 400],
    ['two different Content-Length', ['OPTIONS sip:x SIP/2.0', 'Content-Length: 0', 'l: 1'], 400],
    ['a line without a colon', ['OPTIONS sip:x SIP/2.0', 'Via'], 400],
    ['a line feed inside a line', ['OPTIONS sip:x SIP/2.0', 'Subject: a\nVia: b'], 400],
    ['201 header lines', ['OPTIONS sip:x SIP/2.0', ...Array<string>(201).fill('A: b')], 513],
    ['a header of more than 64 kB', ['OPTIONS sip:x SIP/2.0', `A: ${'b'.repeat(65_536)}`], 513],
  ])('%s is refused', (_title, lines, status) => {
    expect(() => decodeSipMessage(text(lines))).toThrow(
      expect.objectContaining({ name: 'DecodeError', status }),
    );
  });

  it('a value with a line end is never written', () => {
    expect(() => encodeSipMessage({ status: 200, reason: 'OK\r\nEvil: 1', headers: [], body: none })).toThrow(
      TypeError,
    );
    const headers = [{ name: 'Subject', value: 'a\r\nEvil: 1' }];
    expect(() => encodeSipMessage({ method: 'INFO', uri: 'sip:x', headers, body: none })).toThrow(TypeError);
  });

  it.each(rows)('%s, cut anywhere, is a DecodeError or a message', (_title, _message, bytes) => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(isReadOrRefused(() => decodeSipMessage(bytes.subarray(0, length)))).toBe(true);
      salvageRequest(bytes.subarray(0, length));
    }
  });

  it('any bytes are a DecodeError or a message', () => {
    const start = Buffer.from('INVITE sip:x SIP/2.0\r\n');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, hasStart) => {
        expect(
          isReadOrRefused(() =>
            decodeSipMessage(hasStart ? Buffer.concat([start, noise, Buffer.from('\r\n\r\n')]) : noise),
          ),
        ).toBe(true);
      }),
    );
  });

  it('what is written is read back', () => {
    const value = fc.stringMatching(/^[ -~äöü€]{0,40}$/).map((source) => source.trim());
    const header = fc.record({ name: fc.constantFrom('Via', 'Call-ID', 'Subject', 'X-Test', 'RAck'), value });
    fc.assert(
      fc.property(fc.array(header, { maxLength: 20 }), fc.uint8Array({ maxLength: 300 }), (headers, body) => {
        const message = { method: 'INVITE', uri: 'sip:a@[::1]:5060', headers, body };
        expect(plain(decodeSipMessage(encodeSipMessage(message)))).toEqual(plain(message));
      }),
    );
  });
});
