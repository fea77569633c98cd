/** Requests that the application never sees, because any SIP server would refuse them (RFC 3261 section 8.2). */
import { headerValue, listValues, type Essentials } from '../../protocol/sip-headers.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { plainResponse } from './compose.ts';
import { contactUri, isRoute, type Dialog } from './dialog.ts';
import { isSameParty, type Flow } from './flow.ts';
import { isAcknowledgedBy } from './reliable.ts';

/** What drachtio-srf has handlers for. */
export const knownMethods: ReadonlySet<string> = new Set([
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'INFO',
  'UPDATE',
  'PRACK',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'MESSAGE',
  'PUBLISH',
]);

/** They mean nothing outside a dialog. */
const dialogOnly = new Set(['BYE', 'UPDATE', 'PRACK']);

/** They say where to send what follows. */
const makesDialog = new Set(['INVITE', 'SUBSCRIBE']);

/** Undefined: let it pass. Broken ones were refused before. */
export function refusal(
  request: SipRequest,
  { toTag }: Essentials,
  isApplicationReady: boolean,
): SipResponse | undefined {
  const { method, uri } = request;
  if (!knownMethods.has(method)) {
    return plainResponse(501, 'Not Implemented', [
      { name: 'Allow', value: Array.from(knownMethods).join(', ') },
    ]);
  }
  if (!/^(?:sips?|tel):/i.test(uri)) return plainResponse(416, 'Unsupported URI Scheme');
  if (!isApplicationReady)
    return plainResponse(503, 'Service Unavailable', [{ name: 'Retry-After', value: '5' }]);
  if (toTag !== undefined) return undefined;
  if (
    makesDialog.has(method) &&
    (contactUri(request) === undefined || !listValues(request, 'Record-Route').every(isRoute))
  ) {
    return plainResponse(400, 'Bad Contact or Record-Route');
  }
  if (dialogOnly.has(method)) return plainResponse(481, 'Call/Transaction Does Not Exist');
  // All that comes here goes on to somebody else. OPTIONS is how a loop is looked for.
  if (Number(headerValue(request, 'Max-Forwards') ?? 70) === 0 && method !== 'OPTIONS') {
    return plainResponse(483, 'Too Many Hops');
  }
  return undefined;
}

/** For a request with a To tag (section 12.2.2, and 14.2 for INVITE). A PRACK that passes has stopped the repetition. */
export function dialogRefusal(
  { request, flow, cseq }: { request: SipRequest; flow: Flow; cseq: number },
  dialog: Dialog | undefined,
): SipResponse | undefined {
  // Over somebody else's flow nobody learns even that there is such a dialog.
  if (dialog === undefined || !isSameParty(flow, dialog.flow)) return unknownDialog();
  if (dialog.remoteCseq !== undefined && cseq < dialog.remoteCseq)
    return plainResponse(500, 'Request Out of Order');
  if (request.method === 'PRACK' && !isAcknowledgedBy(request, dialog)) return unknownDialog();
  if (request.method !== 'INVITE') return undefined;
  if (dialog.openInvite === 'ours') return plainResponse(491, 'Request Pending');
  if (dialog.openInvite === 'theirs' || dialog.unacknowledged !== undefined) {
    return plainResponse(500, 'Request Pending', [{ name: 'Retry-After', value: '3' }]);
  }
  return undefined;
}

function unknownDialog(): SipResponse {
  return plainResponse(481, 'Call/Transaction Does Not Exist');
}
