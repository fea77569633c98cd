/** IPv6 in SIP messages, the cases of RFC 5118 section 4 in our own words. */
import { expect, it } from 'vitest';
import {
  essentials,
  listValues,
  parseNameAddress,
  parseVia,
} from '../../../appliance/protocol/sip-headers.ts';
import { decodeSipMessage } from '../../../appliance/protocol/sip-message.ts';
import { param, parseSipUri } from '../../../appliance/protocol/sip-uri.ts';

interface Case {
  readonly uri?: string;
  readonly via?: string;
  readonly more?: readonly string[];
}

function request({
  uri = 'sip:[2001:db8::10]',
  via = 'SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3',
  more = [],
}: Case): Buffer {
  const lines = [
    `REGISTER ${uri} SIP/2.0`,
    'To: sip:user@example.com',
    'From: sip:user@example.com;tag=81x2',
    `Via: ${via}`,
    'Call-ID: one@[2001:db8::9:1]',
    'CSeq: 98176 REGISTER',
    ...more,
    'Content-Length: 0',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

it.each([
  ['sip:[2001:db8::10]', { host: '2001:db8::10' }],
  // The port belongs to the address when it stands inside the brackets.
  ['sip:[2001:db8::10:5070]', { host: '2001:db8::10:5070' }],
  ['sip:[2001:db8::10]:5070', { host: '2001:db8::10', port: 5070 }],
  ['sip:user@[::ffff:192.0.2.10]:5060', { host: '::ffff:192.0.2.10', port: 5060, user: 'user' }],
])('%s is read with the right port', (uri, expected) => {
  const message = decodeSipMessage(request({ uri }));
  essentials(message);
  expect(parseSipUri(uri)).toEqual({ scheme: 'sip', params: [], ...expected });
});

it.each([
  'sip:2001:db8::10',
  'sip:user@2001:db8::10',
  'sip:[2001:db8::10',
  'sip:[2001:db8::10]5070',
  'sip:[]',
])('an address without its brackets, as in %s, is refused with 400', (uri) => {
  const read = () => essentials(decodeSipMessage(request({ uri })));
  expect(read).toThrow(expect.objectContaining({ name: 'DecodeError', status: 400 }));
});

it.each(['[2001:db8::9:255]', '2001:db8::9:255'])(
  'received=%s is read with and without brackets',
  (received) => {
    const via = `SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z9hG4bKas3-111`;
    const { via: top } = essentials(decodeSipMessage(request({ via })));
    expect([top.host, param(top.params, 'received'), param(top.params, 'branch')]).toEqual([
      '2001:db8::9:1',
      received,
      'z9hG4bKas3-111',
    ]);
  },
);

it('addresses of both kinds stand in one message', () => {
  const more = [
    'Via: SIP/2.0/TCP [2001:db8::9:ff]:5061;branch=a, SIP/2.0/UDP 192.0.2.1;branch=b',
    'Contact: "A" <sip:a@[2001:db8::1];transport=tcp>, <sip:a@192.0.2.1:5070>',
  ];
  const message = decodeSipMessage(request({ more }));
  expect(listValues(message, 'Via').map((via) => parseVia(via).host)).toEqual([
    '2001:db8::9:1',
    '2001:db8::9:ff',
    '192.0.2.1',
  ]);
  const contacts = listValues(message, 'Contact').map((contact) => parseNameAddress(contact).uri);
  expect(contacts.map((uri) => parseSipUri(uri).host)).toEqual(['2001:db8::1', '192.0.2.1']);
});

it('the third colon that RFC 3261’s grammar allows before an IPv4 part is no reason to refuse', () => {
  const via = 'SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bK1';
  expect(essentials(decodeSipMessage(request({ via }))).via.host).toBe('2001:db8:::192.0.2.1');
});
