/** The INVITE that leaves on the other leg. */
import { hash, randomBytes } from 'node:crypto';
import { formatNameAddress, headerValue, parseNameAddress } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { param, withoutParam } from '../protocol/sip-uri.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { phoneRoute, upstreamRoute, type Application } from './application.ts';
import { ownIdentities } from './call-admission.ts';
import type { LiveCall } from './call-table.ts';
import { dialableForHelp } from './emergency.ts';
import { passedHeaders } from './headers.ts';
import { translatedHeaders } from './replaces.ts';
import { sessionOffer } from './session-timers.ts';
import type { Incoming, Outgoing } from './srf.ts';
import { emergencyPlan } from './survival.ts';

export interface Attempt {
  readonly request: Incoming;
  readonly call: LiveCall;
  readonly caller: LegName;
  readonly hops: SipHeader;
  /** The far end has heard of it over a connection that is gone, and would take the same again for what it knows. */
  readonly isAnew?: boolean;
}

/** The INVITE of the other leg, with the caller's words and our addresses. */
export function outgoingInvite(
  app: Application,
  { request, call, caller, hops, isAnew = false }: Attempt,
  body: { type: string; text: string },
): Outgoing {
  const { binding } = call;
  const content = body.text === '' ? [] : [{ name: 'Content-Type', value: body.type }];
  const passed = translatedHeaders(
    passedHeaders(request.headers, otherLeg[caller]),
    caller,
    app.calls,
  ).filter(({ name }) => name !== 'Content-Type');
  const to = { name: 'To', value: headerValue(request, 'To') ?? '' };
  const timers = sessionOffer(app, call, otherLeg[caller]);
  const common = { method: 'INVITE', ...(body.text === '' ? {} : { body: body.text }) };
  if (caller === 'cloud') {
    const route = phoneRoute(binding);
    const from = { name: 'From', value: withTag(headerValue(request, 'From') ?? '', undefined) };
    return {
      ...common,
      uri: binding.contact_uri,
      route,
      headers: [from, to, hops, ...passed, ...timers, ...content],
    };
  }
  const { kept, foreign } = call.isEmergency
    ? { kept: passed, foreign: [] }
    : ownIdentities(passed, binding.aor);
  app.counters.identities_refused += foreign.length;
  return {
    ...common,
    uri: dialledUri(app, request.uri, binding.registrar),
    route: upstreamRoute(app, binding),
    headers: [
      ...upstreamDialog(request, isAnew),
      to,
      { name: 'Contact', value: `<sip:${binding.token}@localhost>` },
      hops,
      ...kept,
      ...timers,
      ...content,
    ],
  };
}

/** A service that is called by its name gets its number here, which every registrar can read. */
function dialledUri({ config }: Application, uri: string, registrar: string): string {
  return /^urn:/i.test(uri) ? `sip:${dialableForHelp(uri, emergencyPlan(config))}@${registrar}` : uri;
}

const dialogSecret = randomBytes(32).toString('hex');

/**
 * Call-ID, From tag and CSeq of the leg upstream. The same for the same of the phone, so that an attempt with credentials is
 * seen as the answer to the challenge of the one before (RFC 3261 section 22.2).
 */
function upstreamDialog(request: Incoming, isAnew: boolean): SipHeader[] {
  const from = headerValue(request, 'From') ?? '';
  const tag = param(parseNameAddress(from).params, 'tag') ?? '';
  const name = `${headerValue(request, 'Call-ID') ?? ''} ${request.source} ${tag}${isAnew ? ' anew' : ''}`;
  // A quarter of it is told to nobody, so that nobody can go on from there to the name of another dialog.
  const derived = hash('sha256', `${dialogSecret} ${name}`, 'hex');
  return [
    { name: 'Call-ID', value: derived.slice(0, 32) },
    { name: 'CSeq', value: headerValue(request, 'CSeq') ?? '' },
    { name: 'From', value: withTag(from, derived.slice(32, 48)) },
  ];
}

/** The same for a call that has no leg upstream: nobody's but ours. `from` is without a tag. */
export function freshDialog(method: string, from: string): SipHeader[] {
  const name = randomBytes(16).toString('hex');
  return [
    { name: 'Call-ID', value: name },
    { name: 'CSeq', value: `1 ${method}` },
    { name: 'From', value: withTag(from, name.slice(0, 16)) },
  ];
}

export function withTag(value: string, tag: string | undefined): string {
  const address = parseNameAddress(value);
  const params = withoutParam(address.params, 'tag');
  return formatNameAddress({ ...address, params: tag === undefined ? params : [...params, ['tag', tag]] });
}
