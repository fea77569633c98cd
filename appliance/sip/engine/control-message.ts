/** SIP messages as drachtio-srf writes them into a control frame, and the facts that it wants to have beside one. */
import {
  decodeSipHead,
  encodeSipMessage,
  findHeadEnd,
  SipSyntaxError,
  type SipMessage,
} from '../../protocol/sip-message.ts';
import type { Flow } from './flow.ts';
import { keptBytes } from './kept-bytes.ts';

/** Lines that the application may give twice; drachtio-srf itself joins repeated fields to one line. */
const mayRepeat = new Set(['Content-Length']);

/**
 * The header ends where the application's own Content-Length stands, as drachtio-srf writes it: that catches a value with line ends
 * that would add fields or a body. Its number counts characters (measured): the body is the rest of the frame.
 * Throws {@link SipSyntaxError}.
 */
export function parseControlMessage(bytes: Uint8Array): SipMessage {
  const end = findHeadEnd(bytes, 0);
  if (end === undefined) throw new SipSyntaxError('bad message: no empty line');
  const head = decodeSipHead(Buffer.from(bytes.subarray(0, end)).toString('utf8'));
  const { headers } = head;
  // Its own bytes: a request stays for half a minute, and its frame need not.
  const body = keptBytes(bytes.subarray(end + 4));
  const names = new Set<string>();
  for (const { name, value } of headers) {
    if (names.has(name) && !mayRepeat.has(name)) throw new SipSyntaxError(`bad header ${name}: given twice`);
    if (value.includes('\0')) throw new SipSyntaxError(`bad header ${name}: zero byte`);
    names.add(name);
  }
  const counted = Number(headers.findLast(({ name }) => name === 'Content-Length')?.value ?? NaN);
  if (counted !== body.length && counted !== Buffer.from(body).toString('utf8').length) {
    throw new SipSyntaxError('bad message: the header ends too early');
  }
  return { ...head, body };
}

/** `source|bytes|protocol|address|port|time`, the tokens before the ids. `side`: whose address the protocol wants here. */
export function describe(
  message: SipMessage,
  flow: Flow,
  side: 'local' | 'remote',
): { tokens: string[]; bytes: Uint8Array } {
  const bytes = encodeSipMessage(message);
  const { address, port } = flow[side];
  return {
    tokens: [String(bytes.length), flow.transport, address, String(port), timeOfDay(Date.now())],
    bytes,
  };
}

let last = { second: -1, text: '' };

/** `22:32:44.732000` in UTC. */
function timeOfDay(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (last.second !== second) last = { second, text: new Date(ms).toISOString().slice(11, 19) };
  return `${last.text}.${String(ms - second * 1000).padStart(3, '0')}000`;
}
