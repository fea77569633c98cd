/** Requests that can't be read, and where answers go. */
import { headerLines, listValues, parseVia, type Via } from '../../protocol/sip-headers.ts';
import {
  encodeSipMessage,
  salvageRequest,
  SipSyntaxError,
  type SipHeader,
  type SipRequest,
} from '../../protocol/sip-message.ts';
import { param } from '../../protocol/sip-uri.ts';
import { newTag, plainResponse, stampedRequest } from './compose.ts';
import type { Flow } from './flow.ts';
import { knownMethods, notImplemented } from './request-checks.ts';

/** Over UDP to the port that the sender asks for, always at the address that it has (RFC 3261 section 18.2.2, RFC 3581). */
export function answerFlow({ params, port }: Pick<Via, 'params' | 'port'>, flow: Flow): Flow {
  if (flow.toPort === undefined || param(params, 'rport') !== undefined) return flow;
  return flow.toPort(port ?? 5060);
}

/**
 * Fields are given back as they came, those that are missing left out: whoever sent this finds it by what it wrote itself.
 * Undefined when nobody could use an answer: it isn't a request, is an ACK, or doesn't say where it came from.
 */
export function refusalOfBroken(
  bytes: Uint8Array,
  flow: Flow,
  { status, problem }: SipSyntaxError,
): { bytes: Uint8Array; flow: Flow } | undefined {
  const salvaged = salvageRequest(bytes);
  if (salvaged === undefined || salvaged.method === 'ACK') return undefined;
  const back = wayBack(salvaged, flow);
  if (back === undefined) return undefined;
  const refusal = knownMethods.has(salvaged.method)
    ? plainResponse(status, `${reasons[status] ?? 'Bad Request'}: ${problem}`)
    : notImplemented();
  const headers = [
    ...headerLines(back.request, 'Via').map((value) => ({ name: 'Via', value })),
    ...['From', 'To', 'Call-ID', 'CSeq'].flatMap((name) => firstLine(back.request, name)),
    ...refusal.headers,
  ];
  return { bytes: encodeSipMessage({ ...refusal, headers }), flow: back.flow };
}

const reasons: Readonly<Record<number, string>> = {
  416: 'Unsupported URI Scheme',
  505: 'Version Not Supported',
  513: 'Message Too Large',
};

/** Enough of a Via to answer to, of whatever version. */
const sentBy =
  /^SIP[ \t]*\/[ \t]*[\d.]+[ \t]*\/[ \t]*[\w-]+[ \t]+(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?/i;

function wayBack(request: SipRequest, flow: Flow): { request: SipRequest; flow: Flow } | undefined {
  const top = listValues(request, 'Via')[0] ?? '';
  try {
    return { request: stampedRequest(request, flow), flow: answerFlow(parseVia(top), flow) };
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
  }
  const found = sentBy.exec(top);
  const port = Number(found?.[1] ?? 5060);
  if (found === null || port === 0 || port > 65_535) return undefined;
  const params = /;[ \t]*rport\b/i.test(top) ? ([['rport', undefined]] as const) : [];
  return { request, flow: answerFlow({ params, port }, flow) };
}

function firstLine(request: SipRequest, name: string): SipHeader[] {
  const value = headerLines(request, name)[0];
  if (value === undefined) return [];
  const isTagged = name !== 'To' || /;[ \t]*tag[ \t]*=/i.test(value);
  return [{ name, value: isTagged ? value : `${value};tag=${newTag()}` }];
}
