/** Whom we trust on the way up. */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Node's own roots and the site's: for firewalls that open TLS. Throws when the file can't be read. */
export function upstreamAuthorities(extraFile?: string): string[] {
  return extraFile === undefined
    ? [...rootCertificates]
    : [...rootCertificates, readFileSync(extraFile, 'utf8')];
}

const contexts = new WeakMap<readonly string[], SecureContext>();

/** One a list, made at first use: reading all of its certificates takes longer than a whole handshake. PEM. */
export function trustIn(authorities: readonly string[] = rootCertificates): SecureContext {
  let context = contexts.get(authorities);
  if (context === undefined) {
    context = createSecureContext({ ca: [...authorities], minVersion: 'TLSv1.2' });
    contexts.set(authorities, context);
  }
  return context;
}
