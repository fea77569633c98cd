/** SIP messages, RFC 3261 section 7: start line, header fields, body. What the fields mean is in `sip-headers.ts`. */
import { DecodeError } from './bytes.ts';
import { canonicalHeaderName } from './sip-header-names.ts';

/** One header line. `name` is in canonical case; a repeated field is several lines. */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

export interface SipRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly SipHeader[];
  readonly body: Uint8Array;
}

export interface SipResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly SipHeader[];
  readonly body: Uint8Array;
}

export type SipMessage = SipRequest | SipResponse;

/** All but the body. */
export type SipHead = Omit<SipRequest, 'body'> | Omit<SipResponse, 'body'>;

export const sipLimits = { headerBytes: 65_536, headers: 200, bodyBytes: 1_048_576 } as const;

/** The message is broken; `status` is how a request like this is refused (RFC 3261 section 21.4). */
export class SipSyntaxError extends DecodeError {
  /** A few words for the one who sent it, without anything that it sent. */
  readonly problem: string;
  readonly status: number;
  constructor(problem: string, offset = 0, status = 400) {
    super(problem, offset);
    this.problem = problem;
    this.status = status;
  }
}

export function isRequest(message: SipMessage): message is SipRequest {
  return 'method' in message;
}

/**
 * One message from one datagram, or from one frame of a stream. Bytes behind Content-Length are not looked at; without
 * Content-Length the body is all there is (section 18.3). Throws {@link SipSyntaxError}.
 */
export function decodeSipMessage(bytes: Uint8Array): SipMessage {
  const start = skipEmptyLines(bytes);
  const end = findHeadEnd(bytes, start);
  if (end === undefined) throw new SipSyntaxError('no empty line after the header', bytes.length);
  if (end - start > sipLimits.headerBytes) throw new SipSyntaxError('header too large', start, 513);
  const head = decodeSipHead(text(bytes.subarray(start, end)));
  if (head.headers.length > sipLimits.headers) throw new SipSyntaxError('too many header lines', start, 513);
  const rest = bytes.subarray(end + 4);
  const length = contentLength(head.headers) ?? rest.length;
  if (length > sipLimits.bodyBytes) throw new SipSyntaxError('body too large', end, 513);
  if (length > rest.length) throw new SipSyntaxError('body shorter than Content-Length', bytes.length);
  return { ...head, body: rest.subarray(0, length) };
}

/** What stands before the empty line. Throws {@link SipSyntaxError}. */
export function decodeSipHead(head: string): SipHead {
  const lines = headLines(head);
  return { ...parseStartLine(lines[0] ?? ''), headers: lines.slice(1).map(parseHeaderLine) };
}

/** A message is encoded for the wire, and at once again for whoever is told of it. */
let latest: { readonly message: SipMessage; readonly bytes: Uint8Array } | undefined;

/** Content-Length is computed here: one in `headers` is ignored. Throws TypeError for a line that would break the framing. */
export function encodeSipMessage(message: SipMessage): Uint8Array {
  if (latest?.message !== message) latest = { message, bytes: encoded(message) };
  return latest.bytes;
}

function encoded(message: SipMessage): Uint8Array {
  const start = isRequest(message)
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
  let isUnsafe = unsafeLine(start);
  let head = `${start}\r\n`;
  for (const { name, value } of message.headers) {
    isUnsafe ||= unsafeLine(name) || unsafeLine(value);
    if (name !== 'Content-Length') head += `${name}: ${value}\r\n`;
  }
  head += `Content-Length: ${message.body.length}\r\n\r\n`;
  if (isUnsafe) throw new TypeError('a SIP header line must not contain CR or LF');
  return message.body.length === 0 ? Buffer.from(head) : Buffer.concat([Buffer.from(head), message.body]);
}

/**
 * The header lines that can be read from a broken request, so that it can be refused; undefined when the start line isn't one
 * of a request. What was wrong is not looked at again.
 */
export function salvageRequest(bytes: Uint8Array): SipRequest | undefined {
  const start = skipEmptyLines(bytes);
  const end = findHeadEnd(bytes, start) ?? bytes.length;
  const lines = text(bytes.subarray(start, Math.min(end, start + sipLimits.headerBytes)))
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const method = /^([\w\-.!%*+`'~]{1,64})[ \t]+\S.*SIP\s*\/\s*\d+\.\d+\s*$/.exec(lines[0] ?? '')?.[1];
  if (method === undefined) return undefined;
  const headers = lines.slice(1, sipLimits.headers).flatMap((line): SipHeader[] => {
    return isHeaderLine(line) && !unsafeLine(line) ? [parseHeaderLine(line)] : [];
  });
  return { method, uri: 'sip:invalid', headers, body: new Uint8Array() };
}

/** Offset of the CRLFCRLF that ends the header, or undefined when it isn't there. */
export function findHeadEnd(bytes: Uint8Array, from: number): number | undefined {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(
    '\r\n\r\n',
    from,
    'latin1',
  );
  return at === -1 ? undefined : at;
}

/** Undefined when there is none. Several that agree are one. */
export function contentLength(headers: readonly SipHeader[]): number | undefined {
  let first: string | undefined;
  for (const { name, value } of headers) {
    if (name !== 'Content-Length') continue;
    if (first !== undefined && value !== first) throw new SipSyntaxError('two different Content-Length');
    first = value;
  }
  if (first === undefined) return undefined;
  if (!/^\d{1,9}$/.test(first)) throw new SipSyntaxError('Content-Length is not a number');
  return Number(first);
}

/** Unfolds the lines of a header (section 7.3.1) and refuses CR or LF that end no line. */
export function headLines(head: string): string[] {
  const isFolded = head.includes('\n ') || head.includes('\n\t');
  const lines = (isFolded ? head.replaceAll(/\r\n[ \t]+/g, ' ') : head).split('\r\n');
  const broken = lines.find(unsafeLine);
  if (broken !== undefined) throw new SipSyntaxError('CR or LF inside a line');
  return lines;
}

export function parseHeaderLine(line: string): SipHeader {
  if (!isHeaderLine(line)) throw new SipSyntaxError('not a header line');
  const colon = line.indexOf(':');
  return { name: canonicalHeaderName(trimmed(line.slice(0, colon))), value: trimmed(line.slice(colon + 1)) };
}

function isHeaderLine(line: string): boolean {
  return headerStart.test(line);
}

// token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
const headerStart = /^[\w\-.!%*+`'~]{1,128}[ \t]*:/;
const requestLine = /^([\w\-.!%*+`'~]{1,64}) ([^\s<>]+) SIP\/(\d+\.\d+)$/i;
const statusLine = /^SIP\/(\d+\.\d+) (\d{3})(?: (.*))?$/i;

/** Throws {@link SipSyntaxError}. */
export function parseStartLine(
  line: string,
): Pick<SipRequest, 'method' | 'uri'> | Pick<SipResponse, 'status' | 'reason'> {
  const response = statusLine.exec(line);
  if (response !== null) {
    if (response[1] !== '2.0') throw new SipSyntaxError('not SIP/2.0', 0, 505);
    const status = Number(response[2]);
    if (status < 100 || status > 699) throw new SipSyntaxError('status out of range');
    return { status, reason: response[3] ?? '' };
  }
  const request = requestLine.exec(line);
  if (request?.[1] === undefined || request[2] === undefined) throw new SipSyntaxError('not a start line');
  if (request[3] !== '2.0') throw new SipSyntaxError('not SIP/2.0', 0, 505);
  return { method: request[1], uri: request[2] };
}

/** Without blanks at both ends. `trim()` would take the white space of other alphabets too, which is part of a value. */
export function trimmed(source: string): string {
  let start = 0;
  let end = source.length;
  while (start < end && isBlank(source.charCodeAt(start))) start += 1;
  while (end > start && isBlank(source.charCodeAt(end - 1))) end -= 1;
  return source.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** A sender may put empty lines before a message (section 7.5). */
function skipEmptyLines(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === 13 && bytes[at + 1] === 10) at += 2;
  return at;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function unsafeLine(line: string): boolean {
  return line.includes('\r') || line.includes('\n');
}
