/** What becomes of a REFER is told by NOTIFY in the call's own dialog (RFC 3515), also when the call is over. */
import { referralMs } from '../protocol/sip-events.ts';
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import type { Subscription } from './subscription-table.ts';

/** The call is over: what became of its REFER is still told (RFC 5057 section 4.2). */
export function keepReferral({ subscriptions, world }: Application, call: LiveCall): void {
  const { binding, callee, isLocal, dialogs, refers = [], isReferring = false } = call;
  if (!isReferring || dialogs.phone === undefined || dialogs.cloud === undefined) return;
  const answered = Promise.withResolvers<void>();
  answered.resolve();
  const endsAt = world.clock.monotonic() + referralMs;
  const subscription: Subscription = { binding, callee, isLocal, refers, dialogs: {}, answered, endsAt };
  subscriptions.setDialog(subscription, 'phone', dialogs.phone);
  subscriptions.setDialog(subscription, 'cloud', dialogs.cloud);
}
