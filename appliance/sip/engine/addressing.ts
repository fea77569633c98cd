/** How requests of the application begin, and responses that stand in for ones that nobody sent. All pure, but for fresh ids. */
import { headerValue, parseCSeq, tagOf } from '../../protocol/sip-headers.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import {
  madeHereHeader,
  newTag,
  plainResponse,
  taggedAddress,
  withLocalAddress,
  type Addressing,
} from './compose.ts';
import { dialogIdOf } from './dialog.ts';
import type { Flow } from './flow.ts';
import { randomName } from './random-name.ts';

/** Of a request outside a dialog: what the application gave, the rest made here (section 8.1.1). */
export function newAddressing(given: SipRequest, flow: Flow): Addressing {
  const own = `<sip:${flow.local.address}>`;
  const from = withLocalAddress(headerValue(given, 'From') ?? own, flow);
  return {
    uri: given.uri,
    routes: [],
    from: taggedAddress(from, newTag()),
    to: withLocalAddress(headerValue(given, 'To') ?? `<${given.uri}>`, flow),
    callId: headerValue(given, 'Call-ID') ?? randomName(),
    cseq: givenCSeq(given) ?? 1,
    contact: undefined,
  };
}

/** Of a request outside a dialog that goes out once more, to another server. */
export function addressingOf(sent: SipRequest): Addressing {
  const value = (name: string) => headerValue(sent, name) ?? '';
  return {
    uri: sent.uri,
    routes: [],
    from: value('From'),
    to: value('To'),
    callId: value('Call-ID'),
    cseq: parseCSeq(value('CSeq')).number,
    contact: undefined,
  };
}

/** drachtio-srf repeats a challenged request with a number of its own. */
export function givenCSeq(given: SipRequest): number | undefined {
  const value = headerValue(given, 'CSeq');
  return value === undefined
    ? undefined
    : parseCSeq(/\s/.test(value) ? value : `${value} ${given.method}`).number;
}

/** drachtio-srf takes the reason from between the quotes. */
export function byeBecause(reason: string): SipRequest {
  const headers = [{ name: 'Reason', value: `SIP;text="${reason}"` }];
  return { method: 'BYE', uri: 'sip:placeholder', headers, body: new Uint8Array() };
}

/** A response that nobody sent. The application can tell by the header field. */
export function madeHere(request: SipRequest, status: 408 | 430 | 503, cause: string): SipResponse {
  const reasons = { 408: 'Request Timeout', 430: 'Flow Failed', 503: 'Service Unavailable' };
  const copied = request.headers.filter(({ name }) =>
    ['Via', 'From', 'To', 'Call-ID', 'CSeq'].includes(name),
  );
  return plainResponse(status, reasons[status], [...copied, { name: madeHereHeader, value: cause }]);
}

/** Stands in where there is no flow, so that the application has a message to look at. */
export function nowhere(): Flow {
  const none = { address: '127.0.0.1', port: 5060 };
  return {
    id: '',
    transport: 'udp',
    remote: none,
    local: none,
    isOutbound: true,
    isOpen: false,
    send: () => undefined,
  };
}

/** Its responses are told to the application with a dialog's id. */
export function makesDialog({ method }: SipRequest): boolean {
  return method === 'INVITE' || method === 'SUBSCRIBE';
}

/** A 2xx, or a provisional response with a tag (section 12.1). Who answers without one is from before RFC 3261 (section 12.1.2). */
export function formsDialog(request: SipRequest, response: SipResponse): boolean {
  if (!makesDialog(request) || response.status <= 100 || response.status >= 300) return false;
  return isSuccess(response) || tagOf(headerValue(response, 'To') ?? '') !== undefined;
}

/** Of a request of ours. */
export function dialogIdOfRequest(request: SipRequest): string {
  return dialogIdOf(headerValue(request, 'Call-ID') ?? '', tagOf(headerValue(request, 'From') ?? ''));
}

export function isSuccess({ status }: SipResponse): boolean {
  return status >= 200 && status < 300;
}
