/** Who is asked for credentials, and who gives them (RFC 3261 section 22). All functions are pure. */
import type { SipHeader } from './sip-message.ts';

export function isChallenge({ status }: { readonly status: number }): boolean {
  return status === 401 || status === 407;
}

export function credentialsOf({ headers }: { readonly headers: readonly SipHeader[] }): SipHeader[] {
  return headers.filter(({ name }) => name === 'Authorization' || name === 'Proxy-Authorization');
}
