/** Messages as they go out: what the application gave, completed with what only the stack knows. All functions are pure. */
import { randomUUID } from 'node:crypto';
import {
  formatNameAddress,
  formatVia,
  headerLines,
  headerValue,
  isHopCount,
  listValues,
  parseNameAddress,
  parseVia,
  splitChallenges,
  splitValues,
} from '../../protocol/sip-headers.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { formatHostPort, formatSipUri, param, parseSipUri, withParam } from '../../protocol/sip-uri.ts';
import type { Flow } from './flow.ts';

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
  return `z9hG4bK${randomUUID().replaceAll('-', '')}`;
}

export function newTag(): string {
  return randomUUID().replaceAll('-', '').slice(16);
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
  const contacts = contactsOf(given, flow);
  if (contacts.length === 0 && needContact.has(given.method)) contacts.push(contact ?? ownContact(flow));
  const hops = headerValue(given, 'Max-Forwards') ?? '';
  return {
    method: given.method,
    uri,
    headers: [
      { name: 'Via', value: viaFor(flow) },
      { name: 'Max-Forwards', value: isHopCount(hops) ? hops : '70' },
      ...routes.map((value) => ({ name: 'Route', value })),
      { name: 'From', value: from },
      { name: 'To', value: to },
      { name: 'Call-ID', value: callId },
      { name: 'CSeq', value: `${cseq} ${given.method}` },
      ...contacts.map((value) => ({ name: 'Contact', value })),
      ...otherHeaders(given, flow),
      ...contentType(given),
    ],
    body: given.body,
  };
}

/** `given` is the application's, or one made here with just a status. `toTag` is set on all but 100 (section 8.2.6.2). */
export function composeResponse(
  given: SipResponse,
  request: SipRequest,
  use: { flow: Flow; toTag: string },
): SipResponse {
  const contacts = contactsOf(given, use.flow);
  const refreshesTarget = given.status > 100 && given.status < 300 && needContact.has(request.method);
  if (contacts.length === 0 && refreshesTarget) contacts.push(ownContact(use.flow));
  const copied = (name: string) => headerLines(request, name).map((value) => ({ name, value }));
  const to = headerValue(request, 'To') ?? '';
  return {
    status: given.status,
    reason: given.reason,
    headers: [
      ...copied('Via'),
      // A dialog's route set comes from the request (section 12.1.1).
      ...(refreshesTarget ? copied('Record-Route') : []),
      ...copied('From'),
      { name: 'To', value: given.status === 100 ? to : taggedAddress(to, use.toTag) },
      ...copied('Call-ID'),
      ...copied('CSeq'),
      ...(given.status === 100 ? copied('Timestamp') : []),
      ...contacts.map((value) => ({ name: 'Contact', value })),
      ...otherHeaders(given, use.flow),
      ...contentType(given),
    ],
    body: given.body,
  };
}

export function plainResponse(
  status: number,
  reason: string,
  headers: readonly SipHeader[] = [],
): SipResponse {
  return { status, reason, headers, body: new Uint8Array() };
}

/** The request as received: the sender's real address in its Via (section 18.2.1, RFC 3581), our own header fields of others cut out. */
export function stampedRequest(request: SipRequest, flow: Flow): SipRequest {
  const [top = '', ...others] = listValues(request, 'Via');
  const via = parseVia(top);
  let { params } = via;
  if (param(params, 'rport') !== undefined) params = withParam(params, 'rport', String(flow.remote.port));
  if (via.host !== flow.remote.address || param(params, 'rport') !== undefined) {
    params = withParam(params, 'received', flow.remote.address);
  }
  const vias = [formatVia({ ...via, params }), ...others].map((value) => ({ name: 'Via', value }));
  return {
    ...request,
    headers: [...vias, ...withoutOurs(request.headers).filter(({ name }) => name !== 'Via')],
  };
}

/** What `X-Gatehouse-…` says is for this box only: it is believed from nobody and told to nobody. */
export function withoutOurs(headers: readonly SipHeader[]): SipHeader[] {
  return headers.filter(({ name }) => !name.toLowerCase().startsWith('x-gatehouse-'));
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

/** drachtio-srf joins repeated fields by a comma; those that can't be read that way by everybody get their lines back. */
function otherHeaders(given: SipRequest | SipResponse, flow: Flow): SipHeader[] {
  return withoutOurs(given.headers).flatMap(({ name, value }) => {
    if (stackOwned.has(name) || placed.has(name)) return [];
    return separate(name, value).map((one) => ({
      name,
      value: name === 'P-Asserted-Identity' ? withLocalAddress(one, flow) : one,
    }));
  });
}

function separate(name: string, value: string): string[] {
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
      return [value];
  }
}

function contentType(given: SipRequest | SipResponse): SipHeader[] {
  const value = headerValue(given, 'Content-Type');
  if (value !== undefined) return [{ name: 'Content-Type', value }];
  const isSdp =
    given.body.length > 3 && given.body[0] === 118 && given.body[1] === 61 && given.body[2] === 48;
  return isSdp ? [{ name: 'Content-Type', value: 'application/sdp' }] : [];
}
