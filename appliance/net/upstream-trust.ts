/** Whom we trust on the way up. */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Node's own roots and the site's: for firewalls that open TLS. Throws when the file can't be read. */
export function upstreamAuthorities(extraFile?: string): string[] {
  return extraFile === undefined
    ? [...rootCertificates]
    : [...rootCertificates, readFileSync(extraFile, 'utf8')];
}

export interface Trust {
  readonly context: SecureContext;
  /**
   * By name and port: each server's last session, which saves the next connection to it the certificates (RFC 8446, 2.2). A
   * server was verified by name before it could give one, and only that server can take it up.
   */
  readonly sessions: Map<string, Buffer>;
}

/**
 * As phones offer. With Node's own first choice (X25519MLKEM768, which is for quantum computers) the hello is longer than one packet,
 * which firewalls that read it are known to drop, and a handshake takes a third more.
 */
export const groups = 'X25519:P-256:P-384';

const trusts = new WeakMap<readonly string[], Trust>();

/** One a list, made at first use: reading all of its certificates takes longer than a whole handshake. PEM. */
export function trustIn(authorities: readonly string[] = rootCertificates): Trust {
  let trust = trusts.get(authorities);
  if (trust === undefined) {
    const context = createSecureContext({ ca: [...authorities], minVersion: 'TLSv1.2', ecdhCurve: groups });
    trusts.set(authorities, (trust = { context, sessions: new Map() }));
  }
  return trust;
}
