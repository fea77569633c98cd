/** Requests inside a call: to the other leg and their answers back, descriptions rewritten on the way. */
import { isChallenge } from '../protocol/sip-challenge.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { withHeader } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { addressOf, type Application } from './application.ts';
import { readBody } from './body.ts';
import { relayInAdopted } from './adopted-call.ts';
import { audience, hangUp } from './call-end.ts';
import { recordDialogs } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { sdpFailure } from './call-offer.ts';
import { withCause } from './cause.ts';
import { answer, rewritten } from './crossing.ts';
import { translatedBody } from './dialog-info.ts';
import { invitePending, unknownDialog } from './engine/core.ts';
import { unheard } from './engine/session-refresh.ts';
import { gatewayToken } from './gateway/gateway.ts';
import { nextMaxForwards, passedHeaders, passedWithoutBody } from './headers.ts';
import { proveCaller } from './help/caller-proof.ts';
import { isLastNotify } from '../protocol/sip-events.ts';
import { noteRefer, withReferNumber } from './refer-numbers.ts';
import { translatedHeaders } from './replaces.ts';
import { answerInSession, isRefresh, sendInCall } from './session-timers.ts';
import { within } from './srf-library.ts';
import type { Answer, Incoming, Received } from './srf.ts';
import { checkedTransfer } from './transfer.ts';
import { wheretoOf } from './whereto.ts';

/** Carried without a look inside. */
const opaque = new Set(['INFO', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'SUBSCRIBE', 'PUBLISH']);

/** The dialog is known to the engine and not to us: its call is not up, and its ends have not agreed on anything (RFC 3311 section 5.2). */
export const tooEarly: Answer = { status: 500, headers: [{ name: 'Retry-After', value: '5' }] };

export async function relayInDialog(app: Application, request: Incoming): Promise<void> {
  const found = request.dialogId === undefined ? undefined : app.calls.byDialog(request.dialogId);
  if (found === undefined) {
    const adopted = app.adoption.byDialog(request.dialogId ?? '');
    if (adopted !== undefined) await relayInAdopted(app, request, adopted);
    else if (request.method === 'UPDATE') await request.respond(tooEarly);
    else if (request.method !== 'ACK') await request.respond({ status: 481 });
    return;
  }
  const { call, leg } = found;
  if (!request.isLocal && !isOfLeg(request, call, leg)) {
    app.counters.identities_refused += 1;
    if (request.method !== 'ACK') await request.respond({ status: 403 });
    if (!app.mayTell()) return;
    const source = addressOf(request.source);
    await app.store.write((tx) =>
      tx.journal({ kind: 'identity_refused', body: { method: request.method, source } }),
    );
    return;
  }
  if (leg === 'phone' && !request.isLocal) void proveCaller(app, call);
  if (request.method === 'ACK') await acknowledged(app, { request, call, leg });
  else if (request.method === 'BYE') await relayBye(app, { request, call, leg });
  else if (call.state !== 'up') await request.respond(notUp(request, call));
  else if (request.method === 'INVITE' || request.method === 'UPDATE')
    await relayOffer(app, { request, call, leg });
  else if (request.method === 'REFER') await relayTransfer(app, { request, call, leg });
  else if (opaque.has(request.method)) {
    if (isLastNotify(request)) call.isReferring = false;
    await relayOpaque(app, { request, call, leg });
  } else await request.respond({ status: 501 });
}

/** 481 would end the call for whoever has answered it, or has been answered, a moment before the other end hears of it. */
function notUp({ method }: Incoming, { state }: Partial<Pick<LiveCall, 'state'>>): Answer {
  const isChange = method === 'INVITE' || method === 'UPDATE';
  return { status: isChange && state !== undefined && state !== 'ended' ? 491 : 481 };
}

export interface InDialog {
  readonly request: Incoming;
  readonly call: LiveCall;
  readonly leg: LegName;
}

/** Two dialogs that are one for those who talk: of a call, or of a subscription. */
export type DialogPair = Pick<LiveCall, 'binding' | 'dialogs'> &
  Partial<Pick<LiveCall, 'callee' | 'isLocal' | 'state' | 'farEnd' | 'refers'>>;

/** A phone may have lost its connection and made another one; its address stays. */
export function isOfLeg(request: Incoming, { binding, callee }: DialogPair, leg: LegName): boolean {
  if (leg === 'cloud' && callee === undefined) return request.flow === binding.flow;
  if (leg === 'cloud' && callee?.token === gatewayToken && request.flow === callee.flow) return true;
  const { source } = leg === 'cloud' && callee !== undefined ? callee : binding;
  return request.flow.startsWith('in:') && addressOf(request.source) === addressOf(source);
}

async function acknowledged(app: Application, { request, call, leg }: InDialog): Promise<void> {
  const pass = call.owedAcks[leg];
  if (pass === undefined) return;
  delete call.owedAcks[leg];
  try {
    const body = readBody(request);
    pass(body.sdp === undefined ? undefined : body.withSdp(await call.media.relay(leg, body.sdp)));
    await call.media.answered();
    recordDialogs(app, call);
  } catch (error) {
    sdpFailure(app, error);
    pass(undefined);
    await hangUp(app, call, { reason: 'answer refused', legs: ['phone', 'cloud'] });
  }
}

/** How long the side that hangs up waits to hear whether the other one wants credentials. */
const byeMs = 4000;

async function relayBye(app: Application, { request, call, leg }: InDialog): Promise<void> {
  const other = otherLeg[leg];
  const dialogId = call.dialogs[other];
  const headers = passedWithoutBody(request.headers, audience(call, other));
  // Before the call is up whoever began it knows better why it ends.
  if (request.isLocal && call.state !== 'up') return;
  const reason = request.isLocal ? endedByEngine(request, leg) : withCause(`${leg} hung up`, request.headers);
  if (request.isLocal || dialogId === undefined || call.state !== 'up') {
    await request.respond({ status: 200 });
    await hangUp(app, call, { reason, legs: [other], headers });
    return;
  }
  const final = await finalOfBye(app, { dialogId, headers });
  if (final !== undefined && isChallenge(final)) {
    await request.respond(answer(final, { type: '', text: '' }, leg));
    return;
  }
  await request.respond({ status: 200 });
  await hangUp(app, call, { reason, legs: [] });
}

export async function finalOfBye(
  app: Application,
  { dialogId, headers }: { dialogId: string; headers: readonly SipHeader[] },
): Promise<Received | undefined> {
  try {
    const sent = await app.server.send({ method: 'BYE', dialogId, headers });
    return await within(app.server.timers, sent.final, byeMs);
  } catch (error) {
    app.world.log.debug({ err: error }, 'BYE not relayed');
    return undefined;
  }
}

function endedByEngine({ headers }: Incoming, leg: LegName): string {
  const reason = headers.find(({ name }) => name === 'Reason')?.value ?? '';
  if (reason.includes(unheard)) return `${leg} hung up`;
  return `${leg} ${reason.includes('session expired') ? 'silent: session expired' : 'did not acknowledge'}`;
}

/** Re-INVITE and UPDATE: hold, resume, new codecs. */
export async function relayOffer(app: Application, { request, call, leg }: InDialog): Promise<void> {
  if (isRefresh(request)) {
    await request.respond(answerInSession({ status: 200 }, request, call));
    return;
  }
  const other = otherLeg[leg];
  let offer: { type: string; text: string };
  try {
    offer = await rewritten(call, leg, readBody(request));
  } catch (error) {
    await request.respond(sdpFailure(app, error));
    return;
  }
  const final = await relayed(app, { request, call, leg }, offer);
  if (final === undefined) {
    if (offer.text !== '') await refusedOffer(app, call, leg);
    return;
  }
  const isAccepted = final.status >= 200 && final.status <= 299;
  const isInvite = request.method === 'INVITE';
  const hadOffer = offer.text !== '';
  if (isAccepted && isInvite && hadOffer) final.ack();
  if (!isAccepted) {
    if (hadOffer) await refusedOffer(app, call, leg);
    await request.respond(
      final.localCause === undefined ? answer(final, { type: '', text: '' }, leg) : { status: 500 },
    );
    return;
  }
  if (isInvite && !hadOffer) call.owedAcks[leg] = (content) => final.ack(content);
  try {
    const accepted = answer(final, await rewritten(call, other, readBody(final)), leg);
    await request.respond(answerInSession(accepted, request, call));
    recordDialogs(app, call);
  } catch (error) {
    await request.respond(sdpFailure(app, error));
  }
}

/** Both ends go on as before; media that can't be told so ends the call by its silence. */
export async function refusedOffer(app: Application, call: LiveCall, leg: LegName): Promise<void> {
  if (call.state === 'ended') return;
  try {
    await call.media.takeBack(leg);
  } catch (error) {
    app.world.log.warn({ err: error, call: call.id }, 'media of a refused offer could not be set back');
  }
}

interface InPair {
  readonly request: Incoming;
  readonly call: DialogPair;
  readonly leg: LegName;
}

/** In a call for help the one who takes it may send the caller anywhere. */
async function relayTransfer(app: Application, { request, call, leg }: InDialog): Promise<void> {
  if (call.isEmergency && leg === 'cloud') {
    await refer(app, { request, call, leg });
    return;
  }
  const [whereto, phones, calls] = [wheretoOf(app, call.binding), app.bindings.all(), app.calls.all()];
  const transfer = checkedTransfer(request.headers, { whereto, phones, calls, leg });
  if (transfer.kind === 'passed') {
    const headers = withHeader(request.headers, 'Refer-To', [transfer.value]);
    await refer(app, { request: { ...request, headers }, call, leg });
    return;
  }
  const { status, reason, to } = transfer;
  app.counters.transfers_refused += 1;
  await request.respond({ status, reason });
  if (!app.mayTell()) return;
  const body = { call: call.id, by: leg, to, reason, source: addressOf(request.source) };
  await app.store.write((tx) => tx.journal({ kind: 'transfer_refused', body }));
}

async function refer(app: Application, { request, call, leg }: InDialog): Promise<void> {
  // Whoever refers may hang up as soon as it is answered.
  call.isReferring = true;
  const final = await relayOpaque(app, { request, call, leg });
  if (final === undefined || final.status > 299) call.isReferring = false;
}

/** Gives what came back, for those who want to know more. */
export async function relayOpaque(app: Application, inDialog: InPair): Promise<Received | undefined> {
  const { request, leg } = inDialog;
  const type = request.headers.find(({ name }) => name === 'Content-Type')?.value ?? '';
  const ofPhone = app.calls.ofPhone(inDialog.call.binding.token);
  const final = await relayed(app, inDialog, translatedBody({ type, text: request.body }, leg, ofPhone));
  if (final === undefined) return undefined;
  const content = {
    type: final.headers.find(({ name }) => name === 'Content-Type')?.value ?? '',
    text: final.body,
  };
  await request.respond(final.localCause === undefined ? answer(final, content, leg) : { status: 500 });
  return final;
}

/** Why the engine sends nothing: one of our own is on its way there, or the far end is in the call no more. */
const statusOf: ReadonlyMap<string, number> = new Map([
  [invitePending, 491],
  [unknownDialog, 481],
]);

/** Undefined when the asking side has been answered already. */
async function relayed(
  app: Application,
  { request, call, leg }: InPair,
  body: { type: string; text: string },
): Promise<Received | undefined> {
  const other = otherLeg[leg];
  const dialogId = call.dialogs[other];
  const hops = nextMaxForwards(request.headers);
  if (dialogId === undefined || hops === undefined) {
    await request.respond(hops === undefined ? { status: 483 } : notUp(request, call));
    return undefined;
  }
  const passed = passedHeaders(request.headers, audience(call, other));
  const ofRefer = withReferNumber(passed, leg, call.refers);
  const headers = translatedHeaders(ofRefer, leg, app.calls).filter(({ name }) => name !== 'Content-Type');
  const outgoing = {
    method: request.method,
    dialogId,
    headers: [
      ...(call.farEnd === undefined ? [] : [call.farEnd]),
      ...headers,
      hops,
      ...(body.text === '' ? [] : [{ name: 'Content-Type', value: body.type }]),
    ],
    ...(body.text === '' ? {} : { body: body.text }),
  };
  const onSent = (_callId: string, far: number) => {
    if (request.method === 'REFER') noteRefer(call.refers ?? [], { by: leg, refer: request, far });
  };
  const onCancel = request.onCancel.bind(request);
  const final = await sendInCall(app, outgoing, { onSent, onCancel }).catch((error: unknown) => {
    const status = error instanceof Error ? statusOf.get(error.message) : undefined;
    if (status === undefined) throw error;
    return status;
  });
  if (typeof final !== 'number') return final;
  await request.respond({ status: final });
  return undefined;
}
