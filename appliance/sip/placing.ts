/** Finds who takes an INVITE: the registrar, the phone it is for, or in an outage phones on site and the gateway. */
import type { Application } from './application.ts';
import { isAway } from './drill.ts';
import type { Silence } from './asking.ts';
import type { Nobody, Placing } from './call-offer.ts';
import { gatewayToken } from './gateway/gateway.ts';
import { gatewayNumber, placeThroughGateway } from './gateway/placing.ts';
import { placeCallback } from './help/callback.ts';
import { placeForHelp } from './help/placing.ts';
import { ringHere } from './local-ringing.ts';
import { askOtherLeg } from './other-leg.ts';
import type { Received } from './srf.ts';
import { nobodyHere, notThere, phonesToRing } from './survival.ts';

/** Nothing from the registrar for this long: a connection of ours is tried, and with it the whole way. */
const silenceMs = 3000;

export async function placeCall(app: Application, placing: Placing): Promise<Received | Nobody> {
  const { call, caller, request } = placing.attempt;
  if (call.isEmergency) return await placeForHelp(app, placing);
  if (caller === 'cloud' && call.callee?.token === gatewayToken) return await placeCallback(app, placing);
  const { registrar } = call.binding;
  if (caller === 'cloud' || !isAway(app, call)) {
    const silence: Silence = { ms: silenceMs, mayLeave: () => app.outages.failed(registrar, 'silent') };
    const final = await askOtherLeg(app, placing, caller === 'cloud' ? undefined : silence);
    const isOver = final !== undefined && ('answer' in final || caller === 'cloud' || call.ringing?.isAgreed);
    if (isOver || (final !== undefined && !(await isNoWay(app, registrar, final)))) return final;
  }
  if (placing.isCancelled()) return { answer: { status: 487 }, reason: 'cancelled' };
  const phones = phonesToRing(app, call, request.uri);
  if (phones.length > 0) {
    const rung = await ringHere(app, placing, { phones });
    return rung ?? { answer: notThere('Nobody answers'), reason: 'nobody here' };
  }
  const outside = gatewayNumber(app, call, request.uri);
  if (typeof outside === 'object') return outside;
  return (
    (await placeThroughGateway(app, placing, { number: outside })) ?? {
      answer: nobodyHere(false),
      reason: 'gateway silent',
    }
  );
}

async function isNoWay(app: Application, registrar: string, { localCause }: Received): Promise<boolean> {
  if (localCause !== 'unreachable' && localCause !== 'flow-failed') return false;
  return await app.outages.failed(registrar, localCause);
}
