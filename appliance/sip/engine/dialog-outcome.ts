/** What the final answer to a request of ours means for its dialog (RFC 3261 sections 12.2.1.2 and 15.1.1). */
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import { isSuccess } from './addressing.ts';
import type { Core } from './core.ts';
import { refreshTarget, type Dialog } from './dialog.ts';
import { isLastNotify, renewSubscription } from './subscription.ts';

/** Their 2xx may move the remote target (section 12.2, RFC 3311). */
export const targetRefreshing: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE']);

export function settleDialog(
  core: Core,
  dialog: Dialog,
  { request: { method }, request, response }: { request: SipRequest; response: SipResponse },
): void {
  if (method === 'INVITE') dialog.openInvite = undefined;
  if (isSuccess(response) && dialog.isConfirmed && targetRefreshing.has(method))
    refreshTarget(dialog, response);
  if (method === dialog.kind) {
    if (isSuccess(response)) dialog.isConfirmed = true;
    else if (!dialog.isConfirmed) core.dialogs.remove(dialog);
    if (method === 'SUBSCRIBE') renewSubscription(core, dialog, response);
  }
  // A challenge is not the end of a BYE: it comes again with credentials.
  const isChallenge = response.status === 401 || response.status === 407;
  const isLast = method === 'BYE' || (dialog.kind === 'SUBSCRIBE' && isLastNotify(request));
  if (isLast && !isChallenge) core.dialogs.remove(dialog);
}
