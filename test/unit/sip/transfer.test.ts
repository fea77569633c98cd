import { expect, it } from 'vitest';
import { checkedTransfer } from '../../../appliance/sip/transfer.ts';

const whereto = {
  isOfCloud: (host: string) => ['registrar.example', 'office.example'].includes(host),
  own: ['10.66.0.1', '192.0.2.2'],
  registrar: 'registrar.example',
};
const phones = [{ token: 'abc', aor: '1002@office.example', contact_uri: 'sip:1002@10.66.0.102:5060' }];
const names = {
  phone: { callId: 'p', ourTag: 'box', theirTag: 'phone', party: 'sip:1001@office.example' },
  cloud: { callId: 'c', ourTag: 'up', theirTag: 'far', party: 'sip:+49302@far.example;user=phone' },
};

function transferred(...values: string[]) {
  const headers = values.map((value) => ({ name: 'Refer-To', value }));
  return checkedTransfer(headers, { whereto, phones, calls: [{ names }], leg: 'phone' });
}

it.each([
  ['a number at the registrar', '<sip:+49301@registrar.example;user=phone>'],
  ['somebody in the domain of the phone, by SIPS', '"Her" <sips:her@office.example:5061>;x=1'],
  ['a number alone', '<tel:+49301;phone-context=x>'],
  [
    'a call to be replaced',
    '<sip:her@office.example?Replaces=c%3Bto-tag%3Da%3Bfrom-tag%3Db&Require=replaces>',
  ],
  [
    'fields that nothing hangs on',
    '<sip:her@office.example?Subject=a%20b&X-Note=&Referred-By=%3Csip:a@b%3E>',
  ],
])('a transfer may name %s', (...[, value]) => {
  expect(transferred(value)).toEqual({ kind: 'passed', value });
});

it.each([
  ['without brackets', 'sip:+49301@registrar.example', '<sip:+49301@registrar.example>'],
  ['with a transport', '<sip:a@office.example;transport=udp>', '<sip:a@office.example>'],
  [
    'at the box, which is its registrar to a phone',
    '<sip:2001@10.66.0.1:5061>',
    '<sip:2001@registrar.example>',
  ],
  [
    'a phone by the Contact that its registrar has',
    '<sip:abc@192.0.2.2:4012;transport=tls>',
    '<sip:1002@office.example>',
  ],
  ['a phone by its own Contact', '<sips:1002@10.66.0.102>', '<sips:1002@office.example>'],
  [
    'the other end of a call, which a phone reaches at the box',
    '<sip:10.66.0.1:5061;transport=tls?Replaces=p%3Bto-tag%3Dbox%3Bfrom-tag%3Dphone>',
    '<sip:+49302@far.example;user=phone?Replaces=p%3Bto-tag%3Dbox%3Bfrom-tag%3Dphone>',
  ],
])('whom it names %s is told as the other leg knows him', (...[, value, told]) => {
  expect(transferred(value)).toEqual({ kind: 'passed', value: told });
});

it.each([
  ['another host', '<sip:1900@evil.example>', 'evil.example'],
  ['another host by SIPS', '<sips:1900@evil.example;transport=tls>', 'evil.example'],
  [
    'another host that is to replace a call',
    '<sip:x@evil.example?Replaces=p%3Bto-tag%3Dbox%3Bfrom-tag%3Dphone>',
    'evil.example',
  ],
  ['a host on the LAN', '<sip:1900@10.66.0.23>', '10.66.0.23'],
  [
    'a host that begins like the registrar',
    '<sip:x@registrar.example.evil.example>',
    'registrar.example.evil.example',
  ],
  ['a way around the host', '<sip:x@registrar.example;maddr=203.0.113.9>', 'registrar.example'],
  ['a route', '<sip:x@registrar.example?Route=%3Csip:evil.example%3E>', 'registrar.example'],
  [
    'a route under an escaped name',
    '<sip:x@registrar.example?Replaces=a&%52oute=%3Csip:evil.example%3E>',
    'registrar.example',
  ],
  ['another sender', '<sip:x@registrar.example?f=%3Csip:boss@office.example%3E>', 'registrar.example'],
  [
    'an identity',
    '<sip:x@registrar.example?P-Asserted-Identity=%3Csip:boss@office.example%3E>',
    'registrar.example',
  ],
  ['credentials', '<sip:x@registrar.example?Authorization=Digest%20x>', 'registrar.example'],
  ['the box and nobody', '<sip:10.66.0.1>', '10.66.0.1'],
  [
    'the box and a call that there is not',
    '<sip:10.66.0.1?Replaces=p%3Bto-tag%3Da%3Bfrom-tag%3Db>',
    '10.66.0.1',
  ],
  ['a number with header fields', '<tel:+49301?Route=x>', 'tel:'],
  ['a page', '<https://registrar.example/>', 'https:'],
  ['a service', '<urn:service:sos>', 'urn:'],
])('nobody is sent to %s', (...[, value, to]) => {
  expect(transferred(value)).toEqual({
    kind: 'refused',
    status: 403,
    reason: 'Transfer leads elsewhere',
    to,
  });
});

it.each([
  ['none', []],
  ['two', ['<sip:a@registrar.example>', '<sip:b@registrar.example>']],
  ['two in one line', ['<sip:a@registrar.example>, <sip:b@registrar.example>']],
  ['a broken one', ['<sip:x@registrar.example']],
  ['a host that is none', ['<sip:x@a_b:0>']],
])('%s where one must be is a bad request', (...[, values]) => {
  expect(transferred(...values)).toMatchObject({ kind: 'refused', status: 400 });
});
