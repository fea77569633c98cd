/** Subscriptions, RFC 6665: dialogs that nobody hangs up. They end by a NOTIFY that says so, or by their time. */
import { isSuccess } from './addressing.ts';
import { isLastNotify, referralMs } from '../../protocol/sip-events.ts';
import { headerValue } from '../../protocol/sip-headers.ts';
import type { SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import type { Core } from './core.ts';
import { quiet, type Dialog } from './dialog.ts';

/** Time for the last NOTIFY and for clocks that differ. */
const graceMs = 60_000;
const longestSeconds = 86_400;

/** Called with every final answer to a SUBSCRIBE of the dialog: begins its time anew. */
export function renewSubscription(core: Core, dialog: Dialog, response: SipResponse): void {
  if (!isSuccess(response)) return;
  const asked = Number(headerValue(response, 'Expires') ?? 3600);
  const seconds = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, longestSeconds) : 3600;
  dialog.expiry?.cancel();
  dialog.expiry = core.timers.after(seconds * 1000 + graceMs, () => core.dialogs.remove(dialog));
}

/** With every final answer in a call's dialog: REFER begins a subscription without a SUBSCRIBE (RFC 3515 section 2.4.4, RFC 4488). */
export function noteReferral(dialog: Dialog, request: SipRequest, response: SipResponse): void {
  if (!isSuccess(response)) return;
  const isUnwanted = [request, response].some((one) => /^false\b/i.test(headerValue(one, 'Refer-Sub') ?? ''));
  if (request.method === 'REFER') dialog.isReferring = !isUnwanted;
  else if (isLastNotify(request)) dialog.isReferring = false;
}

/** A BYE ends the call, and not what a REFER in it began. */
export function endDialog(core: Pick<Core, 'dialogs' | 'timers'>, dialog: Dialog): void {
  if (dialog.isReferring && !dialog.isOver) {
    quiet(dialog);
    dialog.isOver = true;
    dialog.expiry = core.timers.after(referralMs, () => core.dialogs.remove(dialog));
  } else core.dialogs.remove(dialog);
}
