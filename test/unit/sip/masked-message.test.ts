/** What is kept of a SIP message: all that helps to understand a call, and nothing that opens a door. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskedSipMessage } from '../../../appliance/sip/masked-message.ts';
import { decodeSipMessage } from '../../../appliance/protocol/sip-message.ts';

const frame = ['Via: SIP/2.0/TLS 10.66.0.23:5061;branch=z9hG4bK1', 'Call-ID: call', 'CSeq: 1 INVITE'];

function message(lines: readonly string[], body = '', start = 'INVITE sip:1001@example.com SIP/2.0'): string {
  return [start, ...frame, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

function masked(text: string): string {
  return Buffer.from(maskedSipMessage(Buffer.from(text))).toString();
}

/** What became of one header line. */
function line(text: string): string {
  return masked(message([text])).split('\r\n')[4] ?? '';
}

function body(type: string, text: string): string {
  return masked(message([`Content-Type: ${type}`], text))
    .split('\r\n\r\n')
    .slice(1)
    .join('\r\n\r\n');
}

describe('a header field', () => {
  it.each([
    [
      'Authorization: Digest username="1001", realm="r", nonce="n1", uri="sip:x", response="d41d", algorithm=MD5, cnonce="c", opaque="o", qop=auth, nc=00000001',
      'Authorization: Digest username="1001", realm="r", nonce="***", uri="sip:x", response="***", algorithm=MD5, cnonce="***", opaque="***", qop=auth, nc=00000001',
    ],
    ['Proxy-Authorization: Basic dXNlcjpwYXNz', 'Proxy-Authorization: Basic ***'],
    ['Authorization: Bearer eyJhbGciOi', 'Authorization: Bearer ***'],
    ['Authorization: nonsense', 'Authorization: ***'],
    ['authorization: Digest realm="x, response="d41d"', 'Authorization: Digest ***'],
    [
      'WWW-Authenticate: Digest realm="r", nonce="n1", algorithm=SHA-256, qop="auth", Digest realm="r", nonce="n2", algorithm=MD5',
      'WWW-Authenticate: Digest realm="r", nonce="***", algorithm=SHA-256, qop="auth", Digest realm="r", nonce="***", algorithm=MD5',
    ],
    ['Proxy-Authenticate: NTLM TlRMTVNTUAAC', 'Proxy-Authenticate: NTLM ***'],
    [
      'Authentication-Info: nextnonce="n3", qop=auth, rspauth="6629"',
      'Authentication-Info: nextnonce="***", qop=auth, rspauth="***"',
    ],
    ['Cookie: session=1', 'Cookie: ***'],
    ['Identity: eyJhbGciOiJFUzI1NiJ9..sig;info=<https://cert.example/a>', 'Identity: ***'],
    ['y: eyJhbGciOiJFUzI1NiJ9..sig', 'Identity: ***'],
    ['P-Media-Authorization: 0020000100100101706466322e76697369', 'P-Media-Authorization: ***'],
    ['X-MS-Access-Token: abc', 'X-MS-Access-Token: ***'],
    ['f: "Me" <sip:1001:secret@example.com>;tag=1', 'From: "Me" <sip:1001:***@example.com>;tag=1'],
    [
      'Contact: <sip:1001@10.66.0.23:5061;transport=tls;pn-prid=abc>',
      'Contact: <sip:1001@10.66.0.23:5061;transport=tls;pn-prid=***>',
    ],
    [
      'r: <sip:1002@example.com?Replaces=a%40b%3Bto-tag%3D1&Authorization=Digest%20x>',
      'Refer-To: <sip:1002@example.com?Replaces=a%40b%3Bto-tag%3D1&Authorization=***>',
    ],
    [
      'Call-Info: <https://user:pw@pics.example/a?token=1>;purpose=icon',
      'Call-Info: <https://pics.example/***>;purpose=icon',
    ],
    ['Geolocation: <https://lis.example/loc/8kf3>', 'Geolocation: <https://lis.example/***>'],
    ['To: "*55*123456" <sip:*55*123456@example.com>', 'To: "*55***" <sip:*55***@example.com>'],
    ['P-Asserted-Identity: <tel:%2A55%2A123456>', 'P-Asserted-Identity: <tel:%2A55***>'],
    ['To: <sip:%2a%35%35*%31%32@example.com>', 'To: <sip:%2a%35%35***@example.com>'],
    [
      'Diversion: <sip:#21#4711@example.com>;reason=unknown',
      'Diversion: <sip:#21***@example.com>;reason=unknown',
    ],
    ['Warning: 399 x "a=crypto:1 AES inline:WVNfX19"', 'Warning: 399 x "a=crypto:1 AES inline:***'],
  ])('%s', (before, after) => {
    expect(line(before)).toBe(after);
  });

  it.each([
    'From: "Anna, reception" <sip:+4930111@example.com;user=phone>;tag=a*1',
    'To: <sip:*30@example.com>',
    'Contact: <sip:1001@10.66.0.23:5061;transport=tls>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-001565aa0001>"',
    'User-Agent: Yealink SIP-T46S 66.86.0.15',
    'P-Asserted-Identity: <tel:+4930111>, <sip:+4930111@example.com>',
    'Session-Expires: 1800;refresher=uac',
    'Session-Id: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000',
    'Reason: Q.850;cause=16;text="Normal call clearing"',
    'Replaces: call*55*1;to-tag=1;from-tag=2',
    'Contact: *',
  ])('%s stays as it is', (text) => {
    expect(line(text)).toBe(text);
  });

  it('is masked however it is folded, and whatever the case of its name', () => {
    expect(line('pRoXy-AuThOrIzAtIoN:\r\n Digest\r\n\tusername="1",\r\n response="d41d"')).toBe(
      'Proxy-Authorization: Digest username="1", response="***"',
    );
  });

  it('a dialled code is masked in the start line too, of requests and of responses', () => {
    expect(masked(message([], '', 'INVITE sip:*55*123456@example.com SIP/2.0'))).toMatch(
      /^INVITE sip:\*55\*\*\*@example\.com SIP\/2\.0\r\n/,
    );
    expect(masked(message([], '', 'SIP/2.0 404 no *55*123456 here'))).toMatch(
      /^SIP\/2\.0 404 no \*55\*\*\* here\r\n/,
    );
  });
});

const part = (head: string, text: string) => `--b\r\n${head}\r\n\r\n${text}\r\n`;

describe('a body', () => {
  it.each([
    [
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19|2^20|1:4',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 masked:***',
    ],
    [
      'a=acap:2 crypto:1 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19',
      'a=acap:2 crypto:1 AES_CM_128_HMAC_SHA1_32 masked:***',
    ],
    ['A=CRYPTO:x', 'A=CRYPTO:***'],
    ['k=base64:c2VjcmV0', 'k=***'],
    ['a=key-mgmt:mikey AQAFgM0XflABAAAA', 'a=key-mgmt:mikey ***'],
    ['a=ice-pwd:asd88fgpdd777uzjYhagZg', 'a=ice-pwd:***'],
    ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:0 PCMU/8000'],
    ['m=audio 4000 RTP/SAVP 0 101', 'm=audio 4000 RTP/SAVP 0 101'],
  ])('of SDP: %s', (before, after) => {
    for (const end of ['\r\n', '\n']) {
      expect(body('application/sdp', ['v=0', before, 's=-', ''].join(end))).toBe(
        ['v=0', after, 's=-', ''].join(end),
      );
    }
  });

  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', 'Signal=***\r\nDuration=160\r\n'],
    ['application/dtmf-relay', '5', '***'],
    ['application/dtmf', '5', '*** (1 characters are not kept)'],
    ['text/plain', 'the code is 4711', '*** (16 characters are not kept)'],
    ['application/kpml-response+xml', '<kpml-response digits="4711"/>', '*** (30 characters are not kept)'],
    [
      'message/sipfrag',
      'SIP/2.0 200 OK\r\nAuthorization: Basic abc',
      'SIP/2.0 200 OK\r\nAuthorization: Basic ***',
    ],
    [
      'message/sipfrag',
      'SIP/2.0 200 OK\r\nTo: x\r\n\r\nSignal=5',
      'SIP/2.0 200 OK\r\nTo: x\r\n\r\n*** (8 characters are not kept)',
    ],
    [
      'application/dialog-info+xml',
      '<dialog-info xmlns="urn:x"><remote><target uri="sip:*55*123456@x"/></remote></dialog-info>',
      '<dialog-info xmlns="urn:x"><remote><target uri="sip:*55***@x"/></remote></dialog-info>',
    ],
    [
      'application/pidf+xml',
      '<presence xmlns="http://a.example/b/c"/>',
      '<presence xmlns="http://a.example/b/c"/>',
    ],
    ['application/simple-message-summary', 'Messages-Waiting: yes\r\n', 'Messages-Waiting: yes\r\n'],
    ['multipart/mixed', 'x', '*** (1 characters are not kept)'],
  ])('of %s: %j', (type, before, after) => {
    expect(body(type, before)).toBe(after);
  });

  it('of many parts is masked part by part, and what is encoded or of two types is left out', () => {
    const parts = [
      part('Content-Type: application/sdp', 'a=crypto:1 AES inline:KEY1'),
      part('Content-Type: application/sdp\r\nContent-Transfer-Encoding:\r\n base64', 'KEY2'),
      part('Content-Type: application/sdp\r\nContent-Type: application/dtmf', 'KEY3'),
      part('c: text/plain\r\nX-Token: KEY4', 'KEY5'),
      `--b\r\nKEY6\r\n`,
    ].join('');
    const shown = body('multipart/mixed;boundary="b"', `KEY7\r\n${parts}--b--\r\nKEY8`);
    expect(shown).toContain('--b\r\nContent-Type: application/sdp\r\n\r\na=crypto:1 AES masked:***\r\n--b');
    expect(shown).toContain('X-Token: ***');
    expect(shown).not.toContain('KEY');
    expect(shown.endsWith('--b--\r\n')).toBe(true);
  });

  it('in itself many times over is left out', () => {
    const inner = (depth: number): string =>
      depth === 0
        ? 'v=0'
        : `--b${depth}\r\nContent-Type: ${depth === 1 ? 'application/sdp' : `multipart/mixed;boundary=b${depth - 1}`}\r\n\r\n${inner(depth - 1)}\r\n--b${depth}--`;
    expect(body('multipart/mixed;boundary=b2', inner(2))).toContain('v=0');
    expect(body('multipart/mixed;boundary=b5', inner(5))).not.toContain('v=0');
  });

  it('that is compressed is left out', () => {
    const text = message(['Content-Type: application/sdp', 'e: gzip'], 'KEY');
    expect(masked(text)).not.toContain('KEY');
  });
});

it('what is kept is a message again, with the right length', () => {
  const text = message(['Content-Type: application/sdp'], 'v=0\r\nk=clear:x\r\n');
  expect(Buffer.from(decodeSipMessage(Buffer.from(masked(text))).body).toString()).toBe('v=0\r\nk=***\r\n');
});

it('what can’t be read is refused, and so is not kept', () => {
  expect(() => masked('INVITE sip:x SIP/2.0\r\nAuthorization\n: Digest response="1"\r\n\r\n')).toThrow(
    'line',
  );
});

const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/).map((text) => `Zq${text}`);
/** Where a secret may stand; each with the secret in the place of `@@`. */
const places = fc.constantFrom(
  'Authorization: Digest username="u", response="@@", nonce="n"',
  'Authorization: Digest nonce="@@",response=@@',
  'Proxy-Authorization: Digest opaque="@@"',
  'Authorization: Bearer @@',
  'Authorization: @@',
  'WWW-Authenticate: Digest realm="r", nonce="@@"',
  'Proxy-Authenticate: Digest nonce="@@", Digest nonce="x@@"',
  'Authentication-Info: nextnonce="@@"',
  'Cookie: a=@@; b=c',
  'Identity: @@',
  'From: <sip:u:@@@h>;tag=1',
  'Refer-To: <sip:u@h?Authorization=@@>',
  'Contact: <sip:u@h;pn-prid=@@>',
  'Call-Info: <https://h/@@>',
  'X-Session-Cookie: @@',
  'Subject: inline:@@',
  'To: <sip:*55*@@@h>',
  'v-token: @@',
);
const sdpPlaces = fc.constantFrom(
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:@@|2^20|1:4',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc;inline:@@',
  'a=crypto:1  F8_128_HMAC_SHA1_80\tinline:@@',
  'a=acap:1 crypto:7 A inline:@@',
  'k=base64:@@',
  'a=key-mgmt:mikey @@',
  'a=acap:1 key-mgmt:mikey @@',
  'a=ice-pwd:@@',
);
const shape = fc.record({
  header: places,
  sdp: sdpPlaces,
  before: fc.array(fc.constantFrom('X-A: 1', 'Route: <sip:a;lr>', 'X-B: "x, y"', 'Supported: path'), {
    maxLength: 4,
  }),
  fold: fc.boolean(),
  upper: fc.boolean(),
  newline: fc.constantFrom('\r\n', '\n', '\r'),
  parts: fc.boolean(),
});

it('no secret survives, in whatever place, case, folding, part or order', () => {
  fc.assert(
    fc.property(secret, shape, (word, { header, sdp, before, fold, upper, newline, parts }) => {
      const [name = '', ...rest] = header.split(': ');
      const value = rest.join(': ').replaceAll('@@', word);
      const folded = fold ? value.replaceAll(/([ ,])(?=[a-z])/g, '$1\r\n ') : value;
      const field = `${upper ? name.toUpperCase() : name}: ${folded}`;
      const description = ['v=0', sdp.replaceAll('@@', word), 's=-', ''].join(newline);
      const content = parts
        ? `--b\r\nContent-Type: application/sdp\r\n\r\n${description}\r\n--b--\r\n`
        : description;
      const type = `c: ${parts ? 'multipart/mixed; boundary=b' : 'Application/SDP; charset=x'}`;
      const kept = masked(message([...before, field, type], content));
      expect(kept).not.toContain(word);
      expect(() => decodeSipMessage(Buffer.from(kept))).not.toThrow();
    }),
    { numRuns: 2000 },
  );
});

it('long words of strangers take no longer than their length asks for', () => {
  for (const piece of [
    'sip:',
    '@',
    'a',
    '"',
    '?',
    '&a',
    '*5',
    'https://',
    'inline:',
    'a=',
    '\\',
    ';x',
    '<',
    '%2',
    'token',
  ]) {
    const text = message([`X-Long: ${piece.repeat(Math.floor(60_000 / piece.length))}`]);
    expect(masked(text).length).toBeGreaterThan(100);
  }
});
