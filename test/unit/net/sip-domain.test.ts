import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { sipDomainMismatch } from '../../../appliance/net/sip-domain.ts';
import { newTestAuthority } from '../../support/sip-certificates.ts';

const read = (pem: string) => new X509Certificate(pem).toLegacyObject();
const certificate = (names: readonly string[]) => read(newTestAuthority().issue(names).cert);

it.each([
  ['example.com', ['URI:sip:example.com', 'DNS:host.example.com']],
  ['EXAMPLE.com', ['URI:sip:example.COM']],
  ['two.example', ['URI:sip:one.example', 'URI:sip:two.example']],
  ['host.example.com', ['DNS:host.example.com']],
  ['emea.example.com', ['DNS:*.example.com']],
  ['host.example.com', ['DNS:host.example.com', 'URI:https://example.org', 'URI:sip:alice@example.org']],
  ['192.0.2.7', ['IP:192.0.2.7', 'URI:sip:example.com']],
])('%s may be served with a certificate for %j', (name, names) => {
  expect(sipDomainMismatch(name, certificate(names))).toBeUndefined();
});

it.each([
  ['host.example.com', ['URI:sip:example.com', 'DNS:host.example.com']],
  ['example.com', ['URI:sip:alice@example.com']],
  ['example.com', ['URI:sips:example.com']],
  ['example.com', ['URI:https://example.com']],
  ['sub.example.com', ['URI:sip:example.com']],
  ['a.b.example.com', ['DNS:*.example.com']],
  ['192.0.2.7', ['URI:sip:192.0.2.7']],
])('%s may not be served with a certificate for %j', (name, names) => {
  expect(sipDomainMismatch(name, certificate(names))).toBeInstanceOf(Error);
});

it('a certificate with a common name alone is for nobody', () => {
  expect(sipDomainMismatch('Test CA', read(newTestAuthority().ca))?.message).toContain('no names');
});

it.each([
  ['a name that looks like two', 'DNS:"a.example, DNS:host.example.com"'],
  [
    'a SIP domain behind a name that looks like two',
    'DNS:"a.example, b", URI:sip:example.com, DNS:host.example.com',
  ],
  ['names that can’t be read to their end', 'DNS:host.example.com, URI:"sip:example.com'],
])('%s doesn’t serve host.example.com', (_, subjectaltname) => {
  const plain = { ...certificate(['DNS:host.example.com']), subjectaltname };
  expect(sipDomainMismatch('host.example.com', plain)).toBeInstanceOf(Error);
});
