/** Whom a SIP server's certificate speaks for: RFC 5922 section 7. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { DecodeError } from '../protocol/bytes.ts';
import { parseSipUri } from '../protocol/sip-uri.ts';

/**
 * Undefined when the certificate is for `name`, a host or an address. SIP domains in it (`URI:sip:example.com`) are all that it
 * is for; without any its DNS names count, `*.example.com` included, which the RFC wouldn't take and the cloud has. A common
 * name alone is no name.
 */
export function sipDomainMismatch(name: string, certificate: PeerCertificate): Error | undefined {
  const names = alternativeNames(certificate);
  const domains = names.flatMap(({ type, value }) => (type === 'URI' ? sipDomain(value) : []));
  if (isIP(name) !== 0 || domains.length === 0) {
    return names.length === 0
      ? new Error('the certificate has no names that a server could be known by')
      : checkServerIdentity(name, certificate);
  }
  return domains.includes(name.toLowerCase())
    ? undefined
    : new Error(`the certificate is for the SIP domain ${domains.join(', ')}, not for ${name}`);
}

/** `DNS:a.example, URI:"sip:a\u002cb"`: as node writes them, with what could be taken for the next one in a JSON string. */
const alternativeName = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy;

/** None at all where they can't all be read: a name that was missed could be the one that refuses. */
function alternativeNames({ subjectaltname = '' }: PeerCertificate): { type: string; value: string }[] {
  const found = Array.from(subjectaltname.matchAll(alternativeName));
  if (found.map(([whole]) => whole).join('') !== subjectaltname) return [];
  return found.map(([, type = '', value = '']) => ({
    type,
    value: value.startsWith('"') ? (JSON.parse(value) as string) : value,
  }));
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
