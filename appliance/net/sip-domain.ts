/** Whom a SIP server's certificate speaks for: RFC 5922 section 7. */
// The X.509 package injects its dependencies by decorators and needs this first.
import 'reflect-metadata';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { SubjectAlternativeNameExtension, X509Certificate } from '@peculiar/x509';
import { DecodeError } from '../protocol/bytes.ts';
import { parseSipUri } from '../protocol/sip-uri.ts';

/**
 * Undefined when the certificate is for `name`, a host or an address. SIP domains in it (`URI:sip:example.com`) are all that it
 * is for; without any its DNS names count, `*.example.com` included, which the RFC wouldn't take and the cloud has. A common
 * name alone is no name.
 */
export function sipDomainMismatch(name: string, certificate: PeerCertificate): Error | undefined {
  const names = alternativeNames(certificate);
  const domains = names.flatMap(({ type, value }) => (type === 'url' ? sipDomain(value) : []));
  if (isIP(name) !== 0 || domains.length === 0) {
    return names.length === 0
      ? new Error('the certificate has no names that a server could be known by')
      : checkServerIdentity(name, certificate);
  }
  return domains.includes(name.toLowerCase())
    ? undefined
    : new Error(`the certificate is for the SIP domain ${domains.join(', ')}, not for ${name}`);
}

function alternativeNames({ raw }: PeerCertificate): { type: string; value: string }[] {
  const found = new X509Certificate(raw).getExtension(SubjectAlternativeNameExtension);
  return found?.names.items.map(({ type, value }) => ({ type, value })) ?? [];
}

/** A URI with a user is for a person and not for a domain. */
function sipDomain(uri: string): string[] {
  try {
    const { scheme, user, host } = parseSipUri(uri);
    return scheme === 'sip' && user === undefined ? [host] : [];
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
