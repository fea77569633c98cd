/** What a final answer means for the dialog it is in (RFC 3261 sections 12.2 and 15.1). */
import { isLastNotify } from '../../protocol/sip-events.ts';
import { isChallenge } from '../../protocol/sip-challenge.ts';
import { headerValue, tagOf } from '../../protocol/sip-headers.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { isSuccess } from './addressing.ts';
import { everRang } from './branches.ts';
import { madeHereHeader } from './compose.ts';
import type { Core } from './core.ts';
import { isOffer, noteEnds, refreshTarget, type Dialog } from './dialog.ts';
import { awaitPrackAgain } from './reliable.ts';
import { raiseInterval, renewSession } from './session-timer.ts';
import { endDialog, noteReferral, renewSubscription } from './subscription.ts';

/** Their 2xx may move the remote target (section 12.2, RFC 3311). */
const targetRefreshing: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE']);

/** They keep a session alive (RFC 4028). */
const refreshing: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);

/** They carry descriptions. */
const offering: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'PRACK']);

type Answered = { readonly request: SipRequest; readonly response: SipResponse };

/** To a request of ours. */
export function settleDialog(
  core: Core,
  dialog: Dialog,
  { request: { method }, request, response }: Answered,
): void {
  const mayMove = isSuccess(response) && targetRefreshing.has(method);
  if (method === 'INVITE') dialog.openInvite = undefined;
  const end = everRang(dialog, tagOf(headerValue(request, 'To') ?? ''));
  if (isOffer(request, 'UPDATE') && end !== undefined) end.openUpdates.ours -= 1;
  if (mayMove && (dialog.isConfirmed || method === 'UPDATE')) refreshTarget(end ?? dialog, response);
  if (isSuccess(response) && offering.has(method)) noteEnds(dialog, { ours: request, theirs: response });
  if (isSuccess(response) && refreshing.has(method)) {
    dialog.isMoved = false;
    renewSession(core, dialog, { request, response, role: 'uac' });
  }
  raiseInterval(dialog, request, response);
  if (method === dialog.kind) {
    if (isSuccess(response)) dialog.isConfirmed = true;
    else if (!dialog.isConfirmed) core.dialogs.remove(dialog);
    if (method === 'SUBSCRIBE') renewSubscription(core, dialog, response);
  }
  noteReferral(dialog, request, response);
  if (!isEnd(dialog, { request, response })) return;
  endDialog(core, dialog);
  if (method === 'BYE') oweUnheard(core, dialog, { request, response });
}

/** A challenge is not the end of a BYE: it comes again with credentials. */
function isEnd({ kind, isOver }: Dialog, { request, response }: Answered): boolean {
  const isLast = request.method === 'BYE' || ((kind === 'SUBSCRIBE' || isOver) && isLastNotify(request));
  return isLast && !isChallenge(response);
}

/** A BYE that was not heard is owed: its connection was gone, or went before there was an answer. */
export function oweUnheard(
  { owedByes }: Pick<Core, 'owedByes'>,
  dialog: Dialog,
  { request, response }: Answered,
): void {
  if (headerValue(response, madeHereHeader) === 'flow-failed') owedByes.owe(dialog, request);
}

/** To a request of the peer's. True when the dialog is over. */
export function settleAnswer(core: Core, dialog: Dialog, { request, response }: Answered): boolean {
  const { method } = request;
  const end = everRang(dialog, tagOf(headerValue(request, 'From') ?? ''));
  if (method === 'UPDATE' && end !== undefined) end.openUpdates.theirs -= 1;
  if (method === 'INVITE') {
    dialog.openInvite = undefined;
    core.latePracks.expect(dialog);
  }
  if (method === 'PRACK' && isChallenge(response)) awaitPrackAgain(request, dialog);
  if (isSuccess(response) && targetRefreshing.has(method)) {
    if (dialog.isConfirmed || method === 'UPDATE') refreshTarget(end ?? dialog, request);
    dialog.localContact = headerValue(response, 'Contact') ?? dialog.localContact;
  }
  if (isSuccess(response) && offering.has(method)) noteEnds(dialog, { ours: response, theirs: request });
  if (isSuccess(response) && refreshing.has(method))
    renewSession(core, dialog, { request, response, role: 'uas' });
  if (method === dialog.kind) {
    if (isSuccess(response)) dialog.isConfirmed = true;
    else if (!dialog.isConfirmed) core.dialogs.remove(dialog);
    if (method === 'SUBSCRIBE') renewSubscription(core, dialog, response);
  }
  noteReferral(dialog, request, response);
  return isEnd(dialog, { request, response });
}
