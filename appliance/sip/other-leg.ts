/** The far end that a call is for: the registrar of the phone that calls, or the phone that a registrar calls. */
import type { Application } from './application.ts';
import { ask, type Silence } from './asking.ts';
import { offerOf, type Nobody, type Placing } from './call-offer.ts';
import { outgoingInvite } from './outgoing-invite.ts';
import type { Received } from './srf.ts';
import { hasWayOut } from './way-out.ts';

/** Undefined: it is silent, or there is no way to it. */
export async function askOtherLeg(
  app: Application,
  placing: Placing,
  silence: Silence | undefined,
): Promise<Received | Nobody | undefined> {
  const { attempt } = placing;
  const { call } = attempt;
  const isOut = attempt.caller === 'phone';
  if (isOut && !(await hasWayOut(app, call))) {
    // A call for help doesn't wait for what comes of it.
    if (!call.isEmergency) await app.outages.failed(call.binding.registrar, 'unreachable');
    return undefined;
  }
  const offer = await offerOf(app, attempt);
  if ('answer' in offer) return offer;
  const outgoing = outgoingInvite(app, attempt, offer);
  return await ask(app, placing, { outgoing, leg: isOut ? 'cloud' : 'phone', isRepeated: isOut, silence });
}
