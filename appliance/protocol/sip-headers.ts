/** The SIP header fields that a transaction or a dialog is made of: RFC 3261 section 20, and how lists and quotes work (7.3.1). */
import { SipSyntaxError, isRequest, trimmed, type SipHeader, type SipMessage } from './sip-message.ts';
import { formatHostPort, formatParams, param, parseParams, parseSipUri, type SipParams } from './sip-uri.ts';

/** From, To, Contact, Route, Record-Route and others: `"Name" <uri>;params`. */
export interface NameAddress {
  /** As written, quotes included. */
  readonly display?: string | undefined;
  readonly uri: string;
  readonly params: SipParams;
}

export interface Via {
  /** Upper case: UDP, TCP, TLS … */
  readonly transport: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly params: SipParams;
}

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

type Headed = { readonly headers: readonly SipHeader[] };

/** The first line of that name. Names are canonical: `Call-ID`. */
export function headerValue(message: Headed, name: string): string | undefined {
  for (const header of message.headers) if (header.name === name) return header.value;
  return undefined;
}

/** All lines of that name, not split. */
export function headerLines(message: Headed, name: string): string[] {
  // Nearly always one: what `map` gives has room for no more, where an array that is pushed to makes room for seventeen.
  return message.headers.filter((header) => header.name === name).map(({ value }) => value);
}

/** All values of a list field in order, several in one line or one a line (Via, Route, Contact …). */
export function listValues(message: Headed, name: string): string[] {
  const lines = headerLines(message, name);
  return lines.some((line) => line === '' || line.includes(',')) ? lines.flatMap(splitValues) : lines;
}

/** Whether an extension is named, in any case (RFC 3261 sections 20.32 and 20.37). */
export function hasOptionTag(message: Headed, name: 'Require' | 'Supported', tag: string): boolean {
  return listValues(message, name).some((value) => value.toLowerCase() === tag);
}

/** At the commas that stand outside quotes and angle brackets. Empty values are left out. */
export function splitValues(line: string): string[] {
  if (!line.includes(',')) return line === '' ? [] : [line];
  const values: string[] = [];
  let start = 0;
  let quoted = false;
  let angled = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at];
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') angled = true;
    else if (char === '>') angled = false;
    else if (char === ',' && !angled) {
      values.push(trimmed(line.slice(start, at)));
      start = at + 1;
    }
  }
  values.push(trimmed(line.slice(start)));
  return values.filter((value) => value !== '');
}

/** Challenges and credentials contain commas of their own: a new value begins where `scheme param=` follows one (RFC 3261 25.1). */
export function splitChallenges(line: string): string[] {
  const values: string[] = [];
  for (const piece of splitValues(line)) {
    if (values.length === 0 || /^[\w\-.!%*+`'~]+[ \t]+[\w\-.!%*+`'~]+[ \t]*=/.test(piece)) values.push(piece);
    else values.push(`${values.pop() ?? ''}, ${piece}`);
  }
  return values;
}

const angledShape = /^((?:"(?:[^"\\]|\\[^])*"|[^"<>;,])*?)<([^<>"\s]+)>[ \t]*((?:;[^]*)?)$/;
const plainShape = /^([a-z][a-z0-9+.-]*:[^\s<>"?;,]+)[ \t]*((?:;[^]*)?)$/i;

/** Throws {@link SipSyntaxError}. Without brackets, parameters belong to the field and not to the URI (section 20.10). */
export function parseNameAddress(value: string): NameAddress {
  const angled = angledShape.exec(value);
  if (angled?.[2] !== undefined) {
    const name = trimmed(angled[1] ?? '');
    return {
      display: name === '' ? undefined : name,
      uri: angled[2],
      params: checkedParams(angled[3] ?? ''),
    };
  }
  const plain = plainShape.exec(value);
  if (plain?.[1] === undefined) throw new SipSyntaxError('not an address');
  return { display: undefined, uri: plain[1], params: checkedParams(plain[2] ?? '') };
}

export function formatNameAddress({ display, uri, params }: NameAddress): string {
  return `${display === undefined ? '' : `${display} `}<${uri}>${formatParams(params)}`;
}

const viaShape =
  /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([\w-]+)[ \t]+(\[[0-9a-f:.]+\]|[\w.-]+)(?:[ \t]*:[ \t]*(\d{1,5}))?[ \t]*((?:;[^]*)?)$/i;

export function parseVia(value: string): Via {
  const [, transport, host, port, params] = viaShape.exec(value) ?? [];
  if (transport === undefined || host === undefined) throw new SipSyntaxError('not a Via');
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535))
    throw new SipSyntaxError('no such port in Via');
  return {
    transport: transport.toUpperCase(),
    host: host.replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    params: checkedParams(params ?? ''),
  };
}

export function formatVia({ transport, host, port, params }: Via): string {
  return `SIP/2.0/${transport} ${formatHostPort(host, port)}${formatParams(params)}`;
}

/** The number is less than 2^31 (section 8.1.1.5). */
export function parseCSeq(value: string): CSeq {
  const [, digits, method] = /^(\d{1,10})[ \t]+([\w\-.!%*+`'~]{1,64})$/.exec(value) ?? [];
  if (digits === undefined || method === undefined || Number(digits) >= 2 ** 31)
    throw new SipSyntaxError('not a CSeq');
  return { number: Number(digits), method };
}

/** The tag of a From or To value; undefined when it has none. */
export function tagOf(address: string): string | undefined {
  return param(parseNameAddress(address).params, 'tag');
}

/** Replaces the lines of that name by one a value, where the first stood, or at the end. */
export function withHeader(
  headers: readonly SipHeader[],
  name: string,
  values: readonly string[],
): SipHeader[] {
  const at = headers.findIndex((header) => header.name === name);
  const added = values.map((value) => ({ name, value }));
  const others = headers.filter((header) => header.name !== name);
  return at === -1 ? [...others, ...added] : others.toSpliced(at, 0, ...added);
}

/** The fields that every message must have, once each and well formed (section 8.1.1). */
export interface Essentials {
  readonly via: Via;
  readonly from: NameAddress;
  readonly to: NameAddress;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
  readonly callId: string;
  readonly cseq: CSeq;
}

/** Throws {@link SipSyntaxError} when one is missing, doubled or malformed, or disagrees with the start line. */
export function essentials(message: SipMessage): Essentials {
  const topVia = listValues(message, 'Via')[0];
  if (topVia === undefined) throw new SipSyntaxError('no Via');
  const from = parseNameAddress(single(message, 'From'));
  const to = parseNameAddress(single(message, 'To'));
  const callId = single(message, 'Call-ID');
  const cseq = parseCSeq(single(message, 'CSeq'));
  if (!/^[^\s|,;]+$/.test(callId)) throw new SipSyntaxError('not a Call-ID');
  if (isRequest(message)) checkRequest(message, cseq);
  return {
    via: parseVia(topVia),
    from,
    to,
    fromTag: tagFrom(from),
    toTag: tagFrom(to),
    callId,
    cseq,
  };
}

function checkRequest(message: SipMessage & { method: string; uri: string }, cseq: CSeq): void {
  if (cseq.method !== message.method) throw new SipSyntaxError('CSeq of another method');
  const hops = headerLines(message, 'Max-Forwards');
  if (hops.length > 1 || (hops[0] !== undefined && !isHopCount(hops[0]))) {
    throw new SipSyntaxError('not a Max-Forwards');
  }
  // Header fields in a Request-URI are forbidden (section 19.1.1), and a next hop might obey them.
  if (/^sips?:/i.test(message.uri) && parseSipUri(message.uri).headers !== undefined) {
    throw new SipSyntaxError('header fields in the Request-URI');
  }
}

/** Section 20.22; leading zeros are allowed. */
export function isHopCount(value: string): boolean {
  return /^\d{1,10}$/.test(value) && Number(value) <= 255;
}

function tagFrom({ params }: NameAddress): string | undefined {
  const tag = param(params, 'tag');
  if (tag !== undefined && !/^[\w\-.!%*+`'~]{1,256}$/.test(tag)) throw new SipSyntaxError('not a tag');
  return tag;
}

function single(message: Headed, name: string): string {
  const lines = headerLines(message, name);
  if (lines.length !== 1 || lines[0] === undefined || lines[0] === '')
    throw new SipSyntaxError(`not one ${name}`);
  return lines[0];
}

/** Refuses what {@link parseParams} would skip: a parameter list that is cut or has an open quote. */
function checkedParams(source: string): SipParams {
  if (source === '') return [];
  if (
    !/^(?:[ \t]*;[ \t]*[\w\-.!%*+`'~[\]:]+(?:[ \t]*=[ \t]*(?:"(?:[^"\\]|\\[^])*"|[^\s;"]+))?)*[ \t]*$/.test(
      source,
    )
  ) {
    throw new SipSyntaxError('broken parameters');
  }
  return parseParams(source);
}
