import { expect, it } from 'vitest';
import { allowedContacts } from '../../../appliance/sip/redirect.ts';

const whereto = {
  isOfCloud: (host: string) => ['registrar.example', 'office.example'].includes(host),
  own: ['10.66.0.1'],
  registrar: 'registrar.example',
};

function allowed(...values: string[]): string[] {
  const headers = values.map((value) => ({ name: 'Contact', value }));
  return allowedContacts(headers, whereto).map(({ value }) => value);
}

it.each([
  ['a number at the registrar', '<sip:+49301@registrar.example;user=phone>;q=0.5'],
  ['somebody in the domain of the phone', '"Her" <sips:her@office.example:5061>'],
  ['a number alone', '<tel:+49301>'],
])('%s may be called instead', (...[, value]) => {
  expect(allowed(value)).toEqual([value]);
});

it.each([
  ['another host', '<sip:1900@evil.example>'],
  ['a host on the LAN', '<sip:1900@10.66.0.23>'],
  ['a host that begins like the registrar', '<sip:x@registrar.example.evil.example>'],
  ['a way around the host', '<sip:x@registrar.example;maddr=203.0.113.9>'],
  ['header fields that the caller would add', '<sip:x@registrar.example?Route=%3Csip:evil.example%3E>'],
  ['a page', '<https://registrar.example/>'],
  ['a service', '<urn:service:sos>'],
  ['the box and nobody', '<sip:10.66.0.1>'],
  ['nothing that can be read', '<sip:x@registrar.example'],
  ['everything', '*'],
])('%s may not', (...[, value]) => {
  expect(allowed(value)).toEqual([]);
});

it('of several targets those remain that may be called, in their order', () => {
  expect(
    allowed('<sip:a@registrar.example>;q=1, <sip:b@evil.example>;q=0.9', '<sip:c@office.example>'),
  ).toEqual(['<sip:a@registrar.example>;q=1', '<sip:c@office.example>']);
});

it('a phone that takes us for its server means its registrar', () => {
  expect(allowed('<sip:2001@10.66.0.1:5061;transport=tls>')).toEqual(['<sip:2001@registrar.example>']);
});

it('no transport is prescribed: the caller must not open a connection in clear', () => {
  expect(allowed('<sip:2001@registrar.example;transport=udp;user=phone>')).toEqual([
    '<sip:2001@registrar.example;user=phone>',
  ]);
});
