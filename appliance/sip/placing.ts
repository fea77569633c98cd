/** Finds who takes an INVITE: the registrar, the phone it is for, or in an outage phones on site. */
import type { Application } from './application.ts';
import { letGo } from './call-end.ts';
import { offerOf, type Nobody, type Placing } from './call-offer.ts';
import { isAway } from './drill.ts';
import { ringHere } from './local-ringing.ts';
import { outgoingInvite, type Attempt } from './outgoing-invite.ts';
import { nameAsCaller } from './replaces.ts';
import { sendInvite } from './session-timers.ts';
import type { Received } from './srf.ts';
import { nobodyHere, phonesToRing } from './survival.ts';

/** Nothing from the registrar for this long: a connection of ours is tried, and with it the whole way. */
const silenceMs = 3000;

export async function placeCall(app: Application, placing: Placing): Promise<Received | Nobody> {
  const { attempt, isCancelled } = placing;
  const { call, caller, request } = attempt;
  // A call for help that nobody here could take goes to the cloud however unlikely that is.
  const isLastHope = call.isEmergency && phonesToRing(app, call, request.uri).length === 0;
  if (caller === 'cloud' || isLastHope || !isAway(app, call)) {
    const final = call.binding.token === '' ? undefined : await askOtherLeg(app, placing);
    if (final !== undefined && ('answer' in final || !(await isNoWay(app, attempt, final)))) return final;
  }
  if (isCancelled()) return { answer: { status: 487 }, reason: 'cancelled' };
  const phones = phonesToRing(app, call, request.uri);
  if (phones.length === 0) return { answer: nobodyHere(call.isEmergency), reason: 'nobody here' };
  return await ringHere(app, placing, phones);
}

/** Undefined: silence, and whatever comes yet is hung up. */
async function askOtherLeg(app: Application, placing: Placing): Promise<Received | Nobody | undefined> {
  const { attempt, onProvisional, isCancelled } = placing;
  const { call, caller } = attempt;
  const callee = caller === 'phone' ? 'cloud' : 'phone';
  const offer = await offerOf(app, attempt);
  if ('answer' in offer) return offer;
  const invite = outgoingInvite(app, attempt, offer);
  const onLonger = (seconds: number) => {
    if (callee === 'cloud') app.sessionSeconds.set(call.binding.registrar, seconds);
  };
  let isHeard = false;
  let isLeft = false;
  const send = async () => {
    const sent = await sendInvite(app, invite, {
      onLonger,
      onProvisional: (response) => {
        isHeard = true;
        if (!isLeft) onProvisional(response);
      },
      onFinal: (response) => {
        isHeard ||= response.localCause === undefined;
        if (response.status > 299 || response.dialogId === undefined || isLeft) return;
        app.calls.setDialog(call, callee, response.dialogId);
        call.names[callee] = nameAsCaller(response);
      },
    });
    if (isCancelled() || isLeft) sent.cancel();
    if (!isLeft) call.takeBack = (headers) => sent.cancel(headers);
    const final = await sent.final;
    if (isLeft) await letGo(app, final);
    return final;
  };
  const reached = (async () => {
    const final = await send();
    // The connection was dead: nobody has heard of the call, and the next one is new.
    const isAgain = final.localCause === 'flow-failed' && !isHeard && !isCancelled() && !isLeft;
    return isAgain && caller === 'phone' ? await send() : final;
  })();
  if (caller === 'cloud') return await reached;
  const stop = new AbortController();
  const silent = async () => {
    const ms = call.isEmergency ? app.config.emergency.cloud_answer_seconds * 1000 : silenceMs;
    await app.world.clock.sleep(ms, stop.signal).catch(() => undefined);
    if (stop.signal.aborted || isHeard) return await reached;
    const isOutage = await app.outages.failed(call.binding.registrar, 'silent');
    const mayLeave = call.isEmergency ? phonesToRing(app, call, attempt.request.uri).length > 0 : isOutage;
    if (isHeard || !mayLeave) return await reached;
    isLeft = true;
    call.takeBack?.();
    reached.catch(() => undefined);
    return undefined;
  };
  try {
    return await Promise.race([reached, silent()]);
  } finally {
    stop.abort();
  }
}

/** Whether phones on site are asked instead. A registrar that answers an emergency call with a fault of its own is as good as away. */
async function isNoWay(
  app: Application,
  { request, call, caller }: Attempt,
  final: Received,
): Promise<boolean> {
  if (caller === 'cloud') return false;
  if (final.localCause === undefined) {
    const isFault = final.status >= 500 && final.status <= 599;
    return call.isEmergency && isFault && phonesToRing(app, call, request.uri).length > 0;
  }
  if (final.localCause !== 'unreachable' && final.localCause !== 'flow-failed') return false;
  const isOutage = await app.outages.failed(call.binding.registrar, final.localCause);
  return isOutage || (call.isEmergency && phonesToRing(app, call, request.uri).length > 0);
}
