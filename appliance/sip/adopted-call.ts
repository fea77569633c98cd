/** A call of the process before this one: whoever hangs up ends it, and whoever changes it makes it one of ours. */
import { isChallenge } from '../protocol/sip-challenge.ts';
import { ownAddresses } from '../net/card.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { AdoptedLeg } from './adopted-legs.ts';
import { upstreamRoute, type Application } from './application.ts';
import { sendBye } from './call-end.ts';
import { answer } from './crossing.ts';
import { passedWithoutBody } from './headers.ts';
import { flowName, gatewayToken } from './gateway/gateway.ts';
import type { BindingRow } from '../store/bindings.ts';
import { finalOfBye, relayInDialog } from './in-dialog.ts';
import { answerInSession, isRefresh } from './session-timers.ts';
import type { Incoming } from './srf.ts';
import { takeUp } from './taken-up-call.ts';

export async function relayInAdopted(app: Application, request: Incoming, leg: AdoptedLeg): Promise<void> {
  if (request.method === 'ACK') return;
  if (request.method === 'BYE') await relayBye(app, request, leg);
  else if (isRefresh(request)) {
    await request.respond(answerInSession({ status: 200 }, request, { isEmergency: leg.kept.isEmergency }));
  } else if (takeUp(app, leg.call) === undefined) await request.respond({ status: 488 });
  else {
    if (leg.leg === 'phone') await reopen(app, leg.other.flow);
    await relayInDialog(app, request);
  }
}

async function relayBye(
  app: Application,
  request: Incoming,
  { call, leg, other }: AdoptedLeg,
): Promise<void> {
  const toward = otherLeg[leg];
  if (toward === 'cloud') await reopen(app, other.flow);
  const headers = passedWithoutBody(request.headers, toward);
  const final = await finalOfBye(app, { dialogId: other.dialogId, headers });
  if (final !== undefined && isChallenge(final)) {
    await request.respond(answer(final, { type: '', text: '' }, leg));
    return;
  }
  await request.respond({ status: 200 });
  await app.adoption.over(app.media, call, `${leg} hung up`);
}

/** Their media has ended, so they have: both sides are told. */
export async function hangUpAdopted(app: Application, calls: readonly string[], text: string): Promise<void> {
  const headers = [{ name: 'Reason', value: `SIP;cause=408;text="${text}"` }];
  for (const call of calls) {
    const legs = app.adoption.ofCall(call);
    await app.adoption.over(app.media, call, text);
    for (const { leg, other } of legs) void tell(app, { toward: otherLeg[leg], ...other, headers });
  }
}

async function tell(
  app: Application,
  {
    toward,
    dialogId,
    flow,
    headers,
  }: AdoptedLeg['other'] & { readonly toward: LegName; readonly headers: readonly SipHeader[] },
): Promise<void> {
  if (toward === 'cloud') await reopen(app, flow);
  await sendBye(app, dialogId, headers);
}

/** The phone may hang up before it has registered again: its connection to the registrar is made for that. */
export async function reopen(app: Application, flow: string): Promise<void> {
  const [binding] = app.bindings.byFlow(flow);
  if (binding === undefined) return;
  try {
    const uri = `sip:${binding.registrar}`;
    const sent = await app.server.send({
      method: 'OPTIONS',
      uri,
      route: upstreamRoute(app, binding),
      headers: [],
    });
    sent.final.catch(() => undefined);
  } catch (error) {
    app.world.log.debug({ err: error }, 'registrar not reached for a call that ends');
  }
}

/**
 * The far ends of calls from before know the address of the connection that they began on. Those whose media has to move too are told
 * both at once.
 */
export function announceCalls({ adoption, calls, server }: Application, { flow, token }: BindingRow): void {
  const ofPhone = calls.ofPhone(token);
  const own = ofPhone.length === 0 ? undefined : ownAddresses();
  const live = ofPhone.flatMap(({ isLocal, dialogs, media }) =>
    isLocal || own?.has(media.addresses.cloud) === false ? [] : [dialogs.cloud ?? ''],
  );
  for (const dialogId of [...adoption.dialogsOn(flow), ...live]) server.engine.announceDialog?.(dialogId);
}

/** The same for calls through the gateway, whose connection may be a new one. */
export function announceGatewayCalls({ adoption, calls, server }: Application): void {
  const live = calls.ofPhone(gatewayToken).map(({ dialogs }) => dialogs.cloud ?? '');
  for (const dialogId of [...adoption.dialogsOn(flowName), ...live]) server.engine.announceDialog?.(dialogId);
}
