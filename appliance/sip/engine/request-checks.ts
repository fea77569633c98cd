/** Requests that the application never sees, because any SIP server would refuse them (RFC 3261 section 8.2). */
import { headerValue, listValues, parseNameAddress, type Essentials } from '../../protocol/sip-headers.ts';
import { SipSyntaxError, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { plainResponse } from './compose.ts';
import { farEnd, type FarEnd } from './branches.ts';
import { contactUri, isOffer, isRoute, type Dialog } from './dialog.ts';
import { isInClear, isSameParty } from './flow.ts';
import type { Incoming } from './incoming.ts';
import { isAcknowledgedBy } from './reliable.ts';
import { refusedInterval } from './session-timer.ts';

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

/** RFC 3323: the request goes on with all its header fields, so that the cloud can do it. */
const passedOn = 'privacy';

/** They mean nothing outside a dialog. */
const dialogOnly = new Set(['BYE', 'UPDATE', 'PRACK']);

/** They say where to send what follows. */
const makesDialog = new Set(['INVITE', 'SUBSCRIBE']);

/** Programs that look for servers and guess passwords, by the names that they give themselves. */
const scanners =
  /friendly-(?:scanner|request)|sipvicious|sundayddr|sip-scan|sipcli|pplsip|\biwar\b|\bsmap\b/i;

/** They get no word: whoever is answered is worth more questions. */
export function isOfScanner(request: SipRequest): boolean {
  return scanners.test(headerValue(request, 'User-Agent') ?? '');
}

/** Section 8.2.1, the first thing that is looked at. */
export function notImplemented(): SipResponse {
  return plainResponse(501, 'Not Implemented', [
    { name: 'Allow', value: Array.from(knownMethods).join(', ') },
  ]);
}

/** Undefined: let it pass. Broken ones were refused before. */
export function refusal(
  request: SipRequest,
  { to, toTag }: Essentials,
  isApplicationReady: boolean,
): SipResponse | undefined {
  const { method, uri } = request;
  if (!knownMethods.has(method)) return notImplemented();
  // `urn:service:sos` is how RFC 5031 calls for help.
  if (!/^(?:sips?|tel|urn:service):/i.test(uri)) return plainResponse(416, 'Unsupported URI Scheme');
  // Whoever says it has left already (section 15.1.1).
  if (method === 'BYE' && toTag !== undefined && isApplicationReady) return undefined;
  const unsupported = listValues(request, 'Proxy-Require').filter((tag) => tag !== passedOn);
  if (unsupported.length > 0) {
    return plainResponse(
      420,
      'Bad Extension',
      unsupported.map((value) => ({ name: 'Unsupported', value })),
    );
  }
  if (!isApplicationReady)
    return plainResponse(503, 'Service Unavailable', [{ name: 'Retry-After', value: '5' }]);
  const tooShort = refusedInterval(request);
  if (tooShort !== undefined || toTag !== undefined) return tooShort;
  if (makesDialog.has(method) && !isDialogStart(request)) {
    return plainResponse(400, 'Bad Contact or Record-Route');
  }
  if (method === 'REGISTER' && !isRegistration(request, to.uri)) {
    return plainResponse(400, 'Bad Contact or address of record');
  }
  if (dialogOnly.has(method)) return plainResponse(481, 'Call/Transaction Does Not Exist');
  // All that comes here goes on to somebody else. OPTIONS is how a loop is looked for.
  if (Number(headerValue(request, 'Max-Forwards') ?? 70) === 0 && method !== 'OPTIONS') {
    return plainResponse(483, 'Too Many Hops');
  }
  return undefined;
}

/** The way back must be readable. A caller from before RFC 3261 needn't give a Contact: then it is called back at its From. */
function isDialogStart(request: SipRequest): boolean {
  const hasContact = listValues(request, 'Contact').length > 0;
  return (
    (!hasContact || contactUri(request) !== undefined) && listValues(request, 'Record-Route').every(isRoute)
  );
}

/** Section 10.3: what is registered is a SIP or SIPS URI, with contacts that can be told apart, or `*`. */
function isRegistration(request: SipRequest, addressOfRecord: string): boolean {
  return (
    /^sips?:/i.test(addressOfRecord) &&
    listValues(request, 'Contact').every((contact) => contact === '*' || isNameAddress(contact))
  );
}

function isNameAddress(value: string): boolean {
  try {
    parseNameAddress(value);
    return true;
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

/** For a request with a To tag (section 12.2.2, and 14.2 for INVITE). A PRACK that passes has stopped the repetition. */
export function dialogRefusal(
  { request, flow, cseq, fromTag }: Pick<Incoming, 'request' | 'flow' | 'cseq' | 'fromTag'>,
  dialog: Dialog | undefined,
): SipResponse | undefined {
  // Over somebody else's flow nobody learns even that there is such a dialog.
  if (dialog === undefined || !isSameParty(flow, dialog.flow)) return unknownDialog();
  if (isInClear(flow, dialog.flow) && request.method !== 'BYE') return unknownDialog();
  if (dialog.isOver && request.method !== 'NOTIFY') return unknownDialog();
  const end = farEnd(dialog, fromTag) ?? dialog;
  if (cseq < (end.remoteCseq ?? 0)) return plainResponse(500, 'Request Out of Order');
  if (request.method === 'PRACK' && !isAcknowledgedBy(request, dialog)) return unknownDialog();
  return crossing(request, dialog, end);
}

/** Sections 14.2 and RFC 3311 section 5.2: an offer may not come while another one has no answer. */
function crossing(
  request: SipRequest,
  { openInvite, unacknowledged, isConfirmed }: Dialog,
  { openUpdates }: FarEnd,
): SipResponse | undefined {
  const isInvite = request.method === 'INVITE';
  if (!isInvite && request.method !== 'UPDATE') return undefined;
  if (openUpdates.theirs > 0) return later();
  const isOffering = isInvite || isOffer(request, 'UPDATE');
  if (isOffering && openUpdates.ours > 0) return plainResponse(491, 'Request Pending');
  // Before the call is answered only the application knows whether its ends have agreed on something.
  if (!isInvite && !(isOffering && isConfirmed)) return undefined;
  if (openInvite === 'ours') return plainResponse(491, 'Request Pending');
  return openInvite === 'theirs' || (isInvite && unacknowledged !== undefined) ? later() : undefined;
}

/** Whoever asks again shall not meet the same by keeping step. */
function later(): SipResponse {
  const seconds = Math.floor(Math.random() * 11);
  return plainResponse(500, 'Request Pending', [{ name: 'Retry-After', value: String(seconds) }]);
}

function unknownDialog(): SipResponse {
  return plainResponse(481, 'Call/Transaction Does Not Exist');
}
