/** Whom a REFER may name (RFC 3515): the one who is referred will call there, on somebody else's word. */
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { formatNameAddress, listValues, parseNameAddress } from '../protocol/sip-headers.ts';
import { SipSyntaxError, type SipHeader } from '../protocol/sip-message.ts';
import { formatSipUri, parseSipUri, type SipUri } from '../protocol/sip-uri.ts';
import type { BindingRow } from '../store/bindings.ts';
import { namedCall, unescaped, type Named } from './replaces.ts';
import { isNumber, ledTo, type Whereto } from './whereto.ts';

export type Transfer =
  | { readonly kind: 'passed'; readonly value: string }
  | { readonly kind: 'refused'; readonly status: 400 | 403; readonly reason: string; readonly to: string };

export interface Known {
  readonly whereto: Whereto;
  readonly phones: readonly Pick<BindingRow, 'token' | 'aor' | 'contact_uri'>[];
  readonly calls: readonly Named[];
  /** Of whoever sent the REFER. */
  readonly leg: LegName;
}

/** Of a URI's header fields: those by which a request is routed, or says who it is from (RFC 3261 section 19.1.5). */
const neverCarried = new Set(
  'authorization call-id contact cseq from f i m path p-asserted-identity p-preferred-identity proxy-authorization record-route remote-party-id route t to v via'.split(
    ' ',
  ),
);

/** `value` is the Refer-To for the other leg, its Replaces still as it came. */
export function checkedTransfer(headers: readonly SipHeader[], known: Known): Transfer {
  const [value, ...more] = listValues({ headers }, 'Refer-To');
  try {
    if (value === undefined || more.length > 0) return broken;
    const address = parseNameAddress(value);
    if (isNumber(address.uri)) return { kind: 'passed', value };
    if (!/^sips?:/i.test(address.uri)) return elsewhere(/^[^:]*:/.exec(address.uri)?.[0] ?? '');
    const uri = parseSipUri(address.uri);
    const carried = carriedFields(uri.headers ?? '');
    if (carried.some(({ name }) => neverCarried.has(name))) return elsewhere(uri.host);
    const replaces = carried.find(({ name }) => name === 'replaces')?.value;
    const target = ledToPhone(uri, known) ?? ledTo(uri, known.whereto) ?? partyOf(uri, replaces, known);
    if (target === undefined) return elsewhere(uri.host);
    const whole = uri.headers === undefined ? target : { ...target, headers: uri.headers };
    return { kind: 'passed', value: formatNameAddress({ ...address, uri: formatSipUri(whole) }) };
  } catch (error) {
    if (error instanceof SipSyntaxError) return broken;
    throw error;
  }
}

const broken: Transfer = { kind: 'refused', status: 400, reason: 'Not one Refer-To', to: '' };

function elsewhere(to: string): Transfer {
  return { kind: 'refused', status: 403, reason: 'Transfer leads elsewhere', to: to.slice(0, 253) };
}

function carriedFields(headers: string): { name: string; value: string }[] {
  return headers.split('&').map((field) => {
    const [name = '', ...value] = field.split('=');
    return { name: unescaped(name).trim().toLowerCase(), value: unescaped(value.join('=')) };
  });
}

/** A phone behind the box, by the Contact that its registrar has of it or by its own: others reach it by its address of record. */
function ledToPhone({ scheme, user, host }: SipUri, { phones, whereto }: Known): SipUri | undefined {
  if (user === undefined) return undefined;
  const found = phones.find(({ token, contact_uri: contact }) => {
    if (whereto.own.includes(host)) return token === user;
    const own = parseSipUri(contact);
    return own.user === user && own.host === host;
  });
  return found && { ...parseSipUri(`sip:${found.aor}`), scheme };
}

/** The box itself is where a phone reaches all its calls: with Replaces, who is at the other end of that one is meant. */
function partyOf(
  { scheme, host }: SipUri,
  replaces: string | undefined,
  { calls, leg, whereto }: Known,
): SipUri | undefined {
  if (replaces === undefined || !whereto.own.includes(host)) return undefined;
  const party = namedCall(calls, leg, replaces)?.names[otherLeg[leg]]?.party;
  if (party === undefined || !/^sips?:/i.test(party)) return undefined;
  const { user, host: domain, params } = parseSipUri(party);
  return { scheme, ...(user === undefined ? {} : { user }), host: domain, params };
}
