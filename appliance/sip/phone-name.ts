/** What a phone is called whose lease isn't known: its address, and behind a router what its Contact says besides. Pure. */
import { param, parseSipUri } from '../protocol/sip-uri.ts';
import type { Contacts } from './contacts.ts';

/**
 * A phone whose Contact names another host than it sends from is behind a router, and may not be alone there: RFC 5626's name for it,
 * else that host, tells it from others that one user has (RFC 3261 section 10.3 tells bindings apart by Contact).
 */
export function nameAt(address: string, contact: Contacts['contact']): string {
  if (typeof contact !== 'object') return address;
  const { host } = parseSipUri(contact.uri);
  return host === address ? address : `${address} ${param(contact.params, '+sip.instance') ?? host}`;
}

/** MAC or address: where the name begins. */
export function placeOf(phone: string): string {
  return phone.split(' ', 1)[0] ?? phone;
}
