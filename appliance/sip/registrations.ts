/** What is done with a REGISTER, and how its Contact reads on either side. RFC 3261 section 10. No socket, no clock, no store. */
import { credentialsOf } from '../protocol/sip-challenge.ts';
import type { BindingRow } from '../store/bindings.ts';
import {
  formatNameAddress,
  headerValue,
  listValues,
  parseNameAddress,
  splitChallenges,
  type NameAddress,
} from '../protocol/sip-headers.ts';
import { SipSyntaxError, type SipHeader } from '../protocol/sip-message.ts';
import { param, parseSipUri, withoutParam, withParam } from '../protocol/sip-uri.ts';
import { readContacts, readSeconds, type Contacts } from './contacts.ts';
import type { Way } from './outages.ts';
import { isRegistrar } from './registrars.ts';

/** A REGISTER as far as it is judged. */
export interface Registration extends Contacts {
  /** `user@domain`, the domain in lower case. */
  readonly aor: string;
  /** Host of the Request-URI. */
  readonly registrar: string;
  /** User name in its credentials. */
  readonly authUser: string | undefined;
  readonly userAgent: string | undefined;
}

export type RegistrationDecision =
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: string }
  /** Upstream, under the token that the registrar knows this phone by, or a new one. */
  | { readonly kind: 'pass'; readonly binding: BindingRow | undefined }
  /** In an outage, and not on the connection that its registrar accepted: for who can prove to the box who it is. */
  | { readonly kind: 'prove'; readonly binding: BindingRow | undefined }
  /** From the store: nothing changed and the registrar doesn't expect anything yet. */
  | { readonly kind: 'answer'; readonly binding: BindingRow; readonly expiresSeconds: number };

export interface RegistrationPolicy {
  readonly registrars: readonly string[];
  readonly localSeconds: { readonly udp: number; readonly tcp: number; readonly tls: number };
}

/** What is known about the sender. */
export interface RegistrationContext {
  /** `ip:port`. */
  readonly source: string;
  readonly transport: BindingRow['transport'];
  /** The site lets this vendor's phones register without TLS although the registrar is reached over TLS. */
  readonly isClearAllowed: boolean;
  /** The binding of this phone and AOR at this registrar. */
  readonly binding: BindingRow | undefined;
  /** The phone's connection has been open since the registrar accepted this binding. */
  readonly isAttached: boolean;
  readonly way: Way;
  readonly now: number;
}

/** Throws {@link SipSyntaxError}. */
export function readRegistration(request: { uri: string; headers: readonly SipHeader[] }): Registration {
  return {
    ...readContacts(request),
    aor: aorOf(headerValue(request, 'To') ?? ''),
    registrar: parseSipUri(request.uri).host,
    authUser: authUserOf(request.headers),
    userAgent: headerValue(request, 'User-Agent'),
  };
}

/** `user@domain` of a From or To value; throws {@link SipSyntaxError} without a user. */
export function aorOf(address: string): string {
  const { user, host } = parseSipUri(parseNameAddress(address).uri);
  if (user === undefined || user === '') throw new SipSyntaxError('no user in the address');
  return `${user}@${host}`;
}

export const notReached = { kind: 'refuse', status: 503, reason: 'Registrar not reached' } as const;

/** Of a phone that is kept in an outage; short, so that it goes back to the cloud soon after it is there again. */
export const keptSeconds = 40;

export function decideRegistration(
  registration: Registration,
  { source, transport, isClearAllowed, binding, isAttached, way, now }: RegistrationContext,
  policy: RegistrationPolicy,
): RegistrationDecision {
  const { registrar, contact, expiresSeconds } = registration;
  if (!isRegistrar(registrar, policy.registrars)) {
    return { kind: 'refuse', status: 403, reason: 'Registrar not allowed' };
  }
  // A registration over TLS must not become one that anybody on the phones' network can read.
  if (transport !== 'tls' && !isClearAllowed) return { kind: 'refuse', status: 403, reason: 'TLS required' };
  if (contact === 'all' && expiresSeconds !== 0)
    return { kind: 'refuse', status: 400, reason: 'Contact * without Expires 0' };
  const isComing = typeof contact === 'object' && expiresSeconds !== 0;
  if (binding === undefined || !isComing) {
    if (way !== 'away') return { kind: 'pass', binding };
    return isComing ? { kind: 'prove', binding } : notReached;
  }
  const isSame =
    binding.contact_uri === contact.uri &&
    registration.takenBack.length === 0 &&
    binding.source === source &&
    binding.transport === transport &&
    binding.user_agent === (registration.userAgent ?? null) &&
    (registration.authUser === undefined || registration.authUser === binding.auth_user);
  const localSeconds = policy.localSeconds[transport];
  if (way !== 'open') {
    if (!isSame || !isAttached) return { kind: way === 'away' ? 'prove' : 'pass', binding };
    // A turn may be further away than a phone is left alone on other days.
    const seconds = way === 'away' ? Math.min(keptSeconds, localSeconds) : way;
    return { kind: 'answer', binding, expiresSeconds: Math.min(seconds, expiresSeconds ?? seconds) };
  }
  // Passed through while there is still time for a second try before the registrar forgets the phone.
  const isFresh = binding.state === 'registered' && binding.expires_at - now > 2 * localSeconds * 1000;
  if (!isSame || !isFresh) return { kind: 'pass', binding };
  return { kind: 'answer', binding, expiresSeconds: Math.min(localSeconds, expiresSeconds ?? localSeconds) };
}

/** Ours, as the registrar sees it: the engine puts our address on the connection in the place of `localhost`. */
export function upstreamContact(contact: NameAddress, token: string): string {
  return formatNameAddress({ uri: `sip:${token}@localhost`, params: contact.params });
}

/** The phone's own, with our short time. */
export function phoneContact(contact: string, expiresSeconds: number): string {
  const own = parseNameAddress(contact);
  return formatNameAddress({
    ...own,
    params: withParam(withoutParam(own.params, 'expires'), 'expires', String(expiresSeconds)),
  });
}

/** Seconds that the registrar granted to our Contact; undefined when it is not in the response. */
export function grantedSeconds(
  response: { headers: readonly SipHeader[] },
  token: string,
): number | undefined {
  for (const value of listValues(response, 'Contact')) {
    const contact = parseNameAddress(value);
    if (parseSipUri(contact.uri).user !== token) continue;
    return readSeconds(param(contact.params, 'expires') ?? headerValue(response, 'Expires')) ?? 3600;
  }
  return undefined;
}

/** The lines of a registrar's 200 that phones need again with every answer. */
export function repeatedReply(headers: readonly SipHeader[]): SipHeader[] {
  const names = ['Service-Route', 'Path', 'P-Associated-URI', 'Supported', 'Server', 'Allow', 'Allow-Events'];
  return headers.filter(({ name }) => names.some((entry) => entry.toLowerCase() === name.toLowerCase()));
}

function authUserOf(headers: readonly SipHeader[]): string | undefined {
  return /[\s,]username\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(firstCredentials(headers) ?? '')?.[1];
}

/** What the phone answered to, as it stands in its credentials; undefined without any that can be read. */
export function answeredChallenge(
  headers: readonly SipHeader[],
): Pick<BindingRow, 'auth_realm' | 'auth_algorithm'> | undefined {
  const credentials = firstCredentials(headers) ?? '';
  const realm = /[\s,]realm\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(credentials)?.[1];
  if (realm === undefined) return undefined;
  const algorithm = /[\s,]algorithm\s*=\s*"?([\w-]+)/i.exec(credentials)?.[1] ?? null;
  return { auth_realm: realm.replaceAll(/\\(.)/g, '$1'), auth_algorithm: algorithm };
}

function firstCredentials(headers: readonly SipHeader[]): string | undefined {
  return credentialsOf({ headers }).flatMap(({ value }) => splitChallenges(value))[0];
}
