/** Requests that can't be read, and where answers go. */
import { DecodeError } from '../../protocol/bytes.ts';
import {
  headerLines,
  listValues,
  parseCSeq,
  parseNameAddress,
  parseVia,
  type Via,
} from '../../protocol/sip-headers.ts';
import { encodeSipMessage, salvageRequest, type SipRequest } from '../../protocol/sip-message.ts';
import { param } from '../../protocol/sip-uri.ts';
import { composeResponse, newTag, plainResponse, stampedRequest } from './compose.ts';
import type { Flow } from './flow.ts';

/** Over UDP to the port that the sender asks for, always at the address that it has (RFC 3261 section 18.2.2, RFC 3581). */
export function answerFlow({ params, port }: Via, flow: Flow): Flow {
  if (flow.toPort === undefined || param(params, 'rport') !== undefined) return flow;
  return flow.toPort(port ?? 5060);
}

/** Undefined when nobody could use an answer: it isn't a request, is an ACK, or lacks what an answer copies. */
export function badRequestAnswer(
  bytes: Uint8Array,
  flow: Flow,
  status: number,
): { bytes: Uint8Array; flow: Flow } | undefined {
  const salvaged = salvageRequest(bytes);
  if (salvaged === undefined || salvaged.method === 'ACK') return undefined;
  try {
    const to = answerFlow(answerable(salvaged), flow);
    const reasons: Record<number, string> = {
      416: 'Unsupported URI Scheme',
      505: 'Version Not Supported',
      513: 'Message Too Large',
    };
    const refusal = plainResponse(status, reasons[status] ?? 'Bad Request');
    const response = composeResponse(refusal, stampedRequest(salvaged, flow), { flow: to, toTag: newTag() });
    return { bytes: encodeSipMessage(response), flow: to };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Throws SipSyntaxError unless the five fields that a response copies are there and can be read. */
function answerable(request: SipRequest): Via {
  const [from = '', to = '', callId = '', cseq = ''] = ['From', 'To', 'Call-ID', 'CSeq'].map(
    (name) => headerLines(request, name)[0],
  );
  parseNameAddress(from);
  parseNameAddress(to);
  parseCSeq(cseq);
  const via = parseVia(listValues(request, 'Via')[0] ?? '');
  if (callId === '') throw new DecodeError('no Call-ID');
  return via;
}
