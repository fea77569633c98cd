/** Messages as they go out: what the application gave, completed with what only the stack knows. All functions are pure. */
import {
  formatNameAddress,
  formatVia,
  headerValue,
  isHopCount,
  listValues,
  parseNameAddress,
  parseVia,
  splitChallenges,
  splitValues,
  type Via,
} from '../../protocol/sip-headers.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { formatHostPort, formatSipUri, param, parseSipUri, withParam } from '../../protocol/sip-uri.ts';
import type { Flow } from './flow.ts';
import { randomName } from './random-name.ts';

/** Fields that belong to the stack: the application's are not looked at. */
const stackOwned = new Set(['Via', 'Route', 'Record-Route', 'RSeq', 'Content-Length', 'Max-Forwards']);
/** Fields placed at the front by the functions below. */
const placed = new Set(['From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Content-Type']);

/** Requests whose answers come back to a Contact (RFC 3261 8.1.1.8, 6665, 3515, 3311). */
const needContact = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE']);

export const flowHeader = 'X-Gatehouse-Flow';
/** Our tag of a response, where the application speaks for several far ends. */
export const tagHeader = 'X-Gatehouse-Tag';
export const madeHereHeader = 'X-Gatehouse-Local';

/** A token nobody can guess: it keeps strangers from answering for somebody (section 8.1.1.7). */
export function newBranch(): string {
  return `z9hG4bK${randomName()}`;
}

export function newTag(): string {
  return randomName(8);
}

/** What identifies a request in its dialog, or makes one. Values are those of the header fields. */
export interface Addressing {
  readonly uri: string;
  readonly routes: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  readonly contact: string | undefined;
}

/** `given` is the application's message; its own values of the fields in `addressing` were taken or refused before. */
export function composeRequest(given: SipRequest, addressing: Addressing, flow: Flow): SipRequest {
  const { uri, routes, from, to, callId, cseq, contact } = addressing;
  const hops = headerValue(given, 'Max-Forwards') ?? '';
  const headers: SipHeader[] = [
    { name: 'Via', value: viaFor(flow) },
    { name: 'Max-Forwards', value: isHopCount(hops) ? hops : '70' },
    ...routes.map((value) => ({ name: 'Route', value })),
    { name: 'From', value: from },
    { name: 'To', value: to },
    { name: 'Call-ID', value: callId },
    { name: 'CSeq', value: `${cseq} ${given.method}` },
  ];
  pushGiven(headers, given, {
    flow,
    contact: needContact.has(given.method) ? (contact ?? ownContact(flow)) : undefined,
  });
  return { method: given.method, uri, headers, body: given.body };
}

/** Of the request, in each response (section 8.2.6.2). */
const copied = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq']);

/** `given` is the application's, or one made here with just a status. `toTag` is set on all but 100 (section 8.2.6.2). */
export function composeResponse(
  given: SipResponse,
  request: SipRequest,
  use: { flow: Flow; toTag: string },
): SipResponse {
  const { status, reason, body } = given;
  const refreshesTarget = status > 100 && status < 300 && needContact.has(request.method);
  const headers: SipHeader[] = [];
  for (const header of request.headers) {
    if (header.name === 'To' && status > 100)
      headers.push({ name: 'To', value: taggedAddress(header.value, use.toTag) });
    else if (copied.has(header.name)) headers.push(header);
    // A dialog's route set comes from the request (section 12.1.1).
    else if (header.name === 'Record-Route' && refreshesTarget) headers.push(header);
    else if (header.name === 'Timestamp' && status === 100) headers.push(header);
  }
  pushGiven(headers, given, {
    flow: use.flow,
    contact: refreshesTarget ? ownContact(use.flow) : undefined,
  });
  return { status, reason, headers, body };
}

export function plainResponse(
  status: number,
  reason: string,
  headers: readonly SipHeader[] = [],
): SipResponse {
  return { status, reason, headers, body: new Uint8Array() };
}

/** The request as received: the sender's real address in its Via (section 18.2.1, RFC 3581), our own header fields of others cut out. */
export function stampedRequest(request: SipRequest, flow: Flow, via = topVia(request)): SipRequest {
  const { method, uri, headers, body } = request;
  let { params } = via;
  if (param(params, 'rport') !== undefined) params = withParam(params, 'rport', String(flow.remote.port));
  if (via.host !== flow.remote.address || param(params, 'rport') !== undefined) {
    params = withParam(params, 'received', flow.remote.address);
  }
  const stamped: SipHeader[] = [{ name: 'Via', value: formatVia({ ...via, params }) }];
  for (const value of listValues({ headers }, 'Via').slice(1)) stamped.push({ name: 'Via', value });
  for (const header of headers) if (header.name !== 'Via' && !isOurs(header)) stamped.push(header);
  return { method, uri, headers: stamped, body };
}

function topVia(request: SipRequest): Via {
  return parseVia(listValues(request, 'Via')[0] ?? '');
}

/** What `X-Gatehouse-…` says is for this box only: it is believed from nobody and told to nobody. */
export function withoutOurs(headers: readonly SipHeader[]): readonly SipHeader[] {
  return headers.some(isOurs) ? headers.filter((header) => !isOurs(header)) : headers;
}

function isOurs({ name }: SipHeader): boolean {
  return /^x-gatehouse-/i.test(name);
}

/** `address` with that tag, unless it has one. */
export function taggedAddress(address: string, tag: string): string {
  const parsed = parseNameAddress(address);
  if (param(parsed.params, 'tag') !== undefined) return address;
  return formatNameAddress({ ...parsed, params: withParam(parsed.params, 'tag', tag) });
}

/** `<sip:192.0.2.2:41234;transport=tls>`: reachable over that flow and perhaps over nothing else. */
export function ownContact(flow: Flow): string {
  const transport = flow.transport === 'udp' ? '' : `;transport=${flow.transport}`;
  return `<sip:${formatHostPort(flow.local.address, flow.local.port)}${transport}>`;
}

/** An application that doesn't know the address it will have on a flow writes `localhost`. Others are left alone. */
export function withLocalAddress(address: string, flow: Flow): string {
  if (!/[@:]localhost/i.test(address)) return address;
  const parsed = parseNameAddress(address);
  const uri = parseSipUri(parsed.uri);
  if (uri.host !== 'localhost') return address;
  const placed = { ...uri, host: flow.local.address, port: flow.local.port };
  return formatNameAddress({ ...parsed, uri: formatSipUri(placed) });
}

/** What the application is told when an INVITE is over without the caller having said so. It goes nowhere else. */
export function cancelNotice(invite: SipRequest, reason: string): SipRequest {
  const headers = invite.headers
    .filter(({ name }) => ['Via', 'From', 'To', 'Call-ID'].includes(name))
    .concat(
      { name: 'CSeq', value: (headerValue(invite, 'CSeq') ?? '').replace(/\S+$/, 'CANCEL') },
      { name: 'Reason', value: `SIP;text="${reason}"` },
    );
  return { method: 'CANCEL', uri: invite.uri, headers, body: new Uint8Array() };
}

function viaFor(flow: Flow): string {
  const { address, port } = flow.local;
  const params = [['branch', newBranch()] as const, ['rport', undefined] as const];
  return formatVia({ transport: flow.transport.toUpperCase(), host: address, port, params });
}

function contactsOf(given: SipRequest | SipResponse, flow: Flow): string[] {
  return listValues(given, 'Contact').map((contact) => {
    const local = withLocalAddress(contact, flow);
    if (local === contact || flow.transport === 'udp') return local;
    const parsed = parseNameAddress(local);
    const uri = parseSipUri(parsed.uri);
    return formatNameAddress({
      ...parsed,
      uri: formatSipUri({ ...uri, params: withParam(uri.params, 'transport', flow.transport) }),
    });
  });
}

/** What the application gave besides the fields that are placed at the front. `contact`: where it gave none, and one is needed. */
function pushGiven(
  headers: SipHeader[],
  given: SipRequest | SipResponse,
  { flow, contact }: { flow: Flow; contact: string | undefined },
): void {
  const contacts = contactsOf(given, flow);
  for (const value of contacts) headers.push({ name: 'Contact', value });
  if (contacts.length === 0 && contact !== undefined) headers.push({ name: 'Contact', value: contact });
  for (const header of given.headers) {
    const { name, value } = header;
    if (stackOwned.has(name) || placed.has(name) || isOurs(header)) continue;
    const lines = separate(name, value);
    if (lines === undefined) headers.push(header);
    else if (name !== 'P-Asserted-Identity') for (const line of lines) headers.push({ name, value: line });
    else for (const line of lines) headers.push({ name, value: withLocalAddress(line, flow) });
  }
  const type = contentType(given);
  if (type !== undefined) headers.push({ name: 'Content-Type', value: type });
}

/** drachtio-srf joins repeated fields by a comma; those that can't be read that way by everybody get their lines back. */
function separate(name: string, value: string): string[] | undefined {
  switch (name) {
    case 'WWW-Authenticate':
    case 'Proxy-Authenticate':
    case 'Authorization':
    case 'Proxy-Authorization':
      return splitChallenges(value);
    case 'Path':
    case 'Service-Route':
    case 'P-Asserted-Identity':
    case 'P-Associated-URI':
    case 'P-Preferred-Identity':
    case 'Diversion':
    case 'History-Info':
    case 'Alert-Info':
    case 'Call-Info':
    case 'Warning':
      return splitValues(value);
    default:
      return undefined;
  }
}

function contentType(given: SipRequest | SipResponse): string | undefined {
  const { body } = given;
  const isSdp = body.length > 3 && body[0] === 118 && body[1] === 61 && body[2] === 48;
  return headerValue(given, 'Content-Type') ?? (isSdp ? 'application/sdp' : undefined);
}
