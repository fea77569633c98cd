/** The far end that a call is for: the registrar of the phone that calls, or the phone that a registrar calls. */
import type { Application } from './application.ts';
import { ask, type Silence } from './asking.ts';
import { offerOf, type Nobody, type Placing } from './call-offer.ts';
import { outgoingInvite } from './outgoing-invite.ts';
import type { Received } from './srf.ts';

/** Undefined: it is silent. */
export async function askOtherLeg(
  app: Application,
  placing: Placing,
  silence: Silence | undefined,
): Promise<Received | Nobody | undefined> {
  const { attempt } = placing;
  const offer = await offerOf(app, attempt);
  if ('answer' in offer) return offer;
  const isOut = attempt.caller === 'phone';
  const outgoing = outgoingInvite(app, attempt, offer);
  return await ask(app, placing, { outgoing, leg: isOut ? 'cloud' : 'phone', isRepeated: isOut, silence });
}
