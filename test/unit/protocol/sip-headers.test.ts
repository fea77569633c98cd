import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { canonicalHeaderName } from '../../../appliance/protocol/sip-header-names.ts';
import {
  essentials,
  formatNameAddress,
  formatVia,
  listValues,
  parseCSeq,
  parseNameAddress,
  parseVia,
  splitChallenges,
  splitValues,
  withHeader,
  type NameAddress,
  type Via,
} from '../../../appliance/protocol/sip-headers.ts';
import {
  formatSipUri,
  param,
  parseSipUri,
  withParam,
  type SipUri,
} from '../../../appliance/protocol/sip-uri.ts';

const uris: [string, SipUri][] = [
  ['sip:example.com', { scheme: 'sip', host: 'example.com', params: [] }],
  [
    'sips:alice:secret@[2001:db8::9:1]:5061;transport=tcp;lr?Subject=x&Priority=urgent',
    {
      scheme: 'sips',
      user: 'alice',
      password: 'secret',
      host: '2001:db8::9:1',
      port: 5061,
      params: [
        ['transport', 'tcp'],
        ['lr', undefined],
      ],
      headers: 'Subject=x&Priority=urgent',
    },
  ],
  ['sip:+1%20234;ext=5@10.0.0.1', { scheme: 'sip', user: '+1%20234;ext=5', host: '10.0.0.1', params: [] }],
];

const addresses: [string, NameAddress][] = [
  ['<sip:a@b>;tag=1', { uri: 'sip:a@b', params: [['tag', '1']] }],
  [
    '"A, \\"B\\" <c>" <sip:a@b;lr>;q=0.5;+sip.instance="<urn:uuid:1;2>"',
    {
      display: '"A, \\"B\\" <c>"',
      uri: 'sip:a@b;lr',
      params: [
        ['q', '0.5'],
        ['+sip.instance', '"<urn:uuid:1;2>"'],
      ],
    },
  ],
  ['Jürgen Groß <sip:j@x>', { display: 'Jürgen Groß', uri: 'sip:j@x', params: [] }],
];

const vias: [string, Via][] = [
  [
    'SIP/2.0/TLS [2001:db8::9:1]:5061;branch=z9hG4bK1;rport',
    {
      transport: 'TLS',
      host: '2001:db8::9:1',
      port: 5061,
      params: [
        ['branch', 'z9hG4bK1'],
        ['rport', undefined],
      ],
    },
  ],
  ['SIP/2.0/UDP phone.example', { transport: 'UDP', host: 'phone.example', params: [] }],
];

function isReadOrRefused(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof DecodeError;
  }
}

describe('SIP URIs and header fields', () => {
  it.each(uris)('the URI %s is read and written', (source, uri) => {
    expect(parseSipUri(source)).toEqual(uri);
    expect(formatSipUri(uri)).toBe(source);
  });

  it.each(addresses)('the address %s is read and written', (source, address) => {
    expect(parseNameAddress(source)).toEqual(address);
    expect(formatNameAddress(address)).toBe(source);
  });

  it.each(vias)('the Via %s is read and written', (source, via) => {
    expect(parseVia(source)).toEqual(via);
    expect(formatVia(via)).toBe(source);
  });

  it('without angle brackets parameters belong to the field', () => {
    expect(parseNameAddress('sip:a@b;tag=1')).toEqual({ uri: 'sip:a@b', params: [['tag', '1']] });
  });

  it('white space is allowed where RFC 3261 allows it', () => {
    expect(parseVia('SIP  / 2.0 /  UDP   192.0.2.2:5060 ; branch =z9hG4bK1')).toMatchObject({
      host: '192.0.2.2',
      port: 5060,
    });
    expect(param(parseNameAddress('"x"   <sip:a@b>  ; tag  =  1').params, 'tag')).toBe('1');
    expect(parseCSeq('0009   INVITE')).toEqual({ number: 9, method: 'INVITE' });
  });

  it.each([
    'sip:',
    'sip:a@b@c',
    'sip:a b',
    'sip:x:99999',
    'sip:x:0',
    'sip:[::1',
    'http://x',
    '<sip:x>',
    'sip:a@',
  ])('%s is no SIP URI', (source) => {
    expect(() => parseSipUri(source)).toThrow(DecodeError);
  });

  it.each([
    '"open <sip:a@b>',
    '<sip:a@b',
    'sip:a@b, sip:c@d',
    '<>',
    '',
    '<sip:a@b>;=1',
    '<sip:a@b>;x="open',
    '<sip:a@b> x',
  ])('%s is no address', (source) => {
    expect(() => parseNameAddress(source)).toThrow(DecodeError);
  });

  it.each(['1', 'INVITE', '2147483648 INVITE', '-1 INVITE', '36893488147419103232 REGISTER', '1 INVITE x'])(
    '%s is no CSeq',
    (source) => {
      expect(() => parseCSeq(source)).toThrow(DecodeError);
    },
  );
});

describe('lists of values in SIP header fields', () => {
  it('lists are split at the commas outside quotes and brackets', () => {
    expect(splitValues('"a,b" <sip:x,y@z>, <sip:b> ,, c')).toEqual(['"a,b" <sip:x,y@z>', '<sip:b>', 'c']);
    const headers = [
      { name: 'Via', value: 'a, b' },
      { name: 'Via', value: 'c' },
    ];
    expect(listValues({ headers }, 'Via')).toEqual(['a', 'b', 'c']);
  });

  it('challenges are split where the next scheme begins', () => {
    expect(
      splitChallenges('Digest realm="a, Basic x=1", nonce="b",Digest realm="c",qop="auth,auth-int"'),
    ).toEqual(['Digest realm="a, Basic x=1", nonce="b"', 'Digest realm="c", qop="auth,auth-int"']);
  });

  it('names get their case back', () => {
    expect(
      ['call-id', 'cseq', 'www-authenticate', 'p-asserted-identity', 'x-custom', 'X-OwnCase', 'sip-etag'].map(
        canonicalHeaderName,
      ),
    ).toEqual([
      'Call-ID',
      'CSeq',
      'WWW-Authenticate',
      'P-Asserted-Identity',
      'X-Custom',
      'X-OwnCase',
      'SIP-ETag',
    ]);
  });

  it.each(['constructor', '__proto__'])('%s is a name like others', (name) => {
    expect(typeof canonicalHeaderName(name)).toBe('string');
  });

  it('a header field is replaced in its place', () => {
    const headers = ['A', 'B', 'C', 'B'].map((name) => ({ name, value: '1' }));
    expect(withHeader(headers, 'B', ['2', '3']).map(({ name, value }) => name + value)).toEqual([
      'A1',
      'B2',
      'B3',
      'C1',
    ]);
    expect(withParam([['a', '1']], 'b', undefined)).toEqual([
      ['a', '1'],
      ['b', undefined],
    ]);
  });

  it('a long line is read in time that grows with its length', () => {
    // With its square it would be minutes, and the test's own limit ends it.
    const blanks = ' '.repeat(600_000);
    for (const source of [
      `a${blanks}x`,
      `${blanks}<`,
      `"${'\\'.repeat(600_000)}`,
      `<sip:a>${';a="'.repeat(150_001)}`,
    ]) {
      expect(() => parseNameAddress(source)).toThrow(DecodeError);
      expect(() => parseVia(`SIP/2.0/UDP x${source}`)).toThrow(DecodeError);
    }
  });

  it('any text is a DecodeError or a value', () => {
    const readers = [parseSipUri, parseNameAddress, parseVia, parseCSeq];
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (source) => {
        for (const read of readers) {
          expect(isReadOrRefused(() => read(source))).toBe(true);
        }
        splitValues(source);
        splitChallenges(source);
      }),
    );
  });

  it('the fields every message needs are read once', () => {
    const headers = [
      { name: 'Via', value: 'SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b' },
      { name: 'From', value: '<sip:a@b>;tag=f' },
      { name: 'To', value: '<sip:c@d>' },
      { name: 'Call-ID', value: '1@a' },
      { name: 'CSeq', value: '1 BYE' },
    ];
    const request = { method: 'BYE', uri: 'sip:c@d', headers, body: new Uint8Array() };
    expect(essentials(request)).toMatchObject({
      callId: '1@a',
      fromTag: 'f',
      toTag: undefined,
      cseq: { number: 1 },
    });
    expect(() => essentials({ ...request, method: 'INFO' })).toThrow(DecodeError);
    for (const { name } of headers) {
      expect(() =>
        essentials({ ...request, headers: headers.filter((header) => header.name !== name) }),
      ).toThrow(DecodeError);
    }
    expect(() =>
      essentials({ ...request, headers: [...headers, { name: 'From', value: '<sip:e@f>' }] }),
    ).toThrow(DecodeError);
  });
});
