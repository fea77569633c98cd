/** Carries an INVITE from one leg to the other, and what comes back: a back-to-back user agent (RFC 7092) with media through `rtp`. */
import { isChallenge } from '../protocol/sip-challenge.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { headerValue, parseNameAddress } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { addressOf, legOf, type Application } from './application.ts';
import { readBody } from './body.ts';
import { admitFromCloud, admitFromPhone, type Admission, type Load } from './call-admission.ts';
import { finishCall, hangUp, sendBye } from './call-end.ts';
import { newCallMedia, sidesToward } from './call-media.ts';
import { sdpFailure } from './call-offer.ts';
import { recordAnswer, recordDialogs, recordStart } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { helpKind } from './emergency.ts';
import { withCause } from './cause.ts';
import { answer, rewritten } from './crossing.ts';
import { nextMaxForwards, passedHeaders } from './headers.ts';
import { randomName } from './engine/random-name.ts';
import { admitCallback, asOfGateway } from './help/callback.ts';
import { askCaller } from './help/caller-proof.ts';
import { beginHelp, isFlooding, newRescue, settleHelp } from './help/in-call.ts';
import type { Attempt } from './outgoing-invite.ts';
import { maskedText } from './masked-text.ts';
import { placeCall } from './placing.ts';
import { allowedContacts } from './redirect.ts';
import { mayAgreeEarly } from './reliability.ts';
import { nameAsCallee } from './replaces.ts';
import { refusedAsTooFast } from './request-pace.ts';
import { Ringing } from './ringing.ts';
import { answerInSession } from './session-timers.ts';
import type { Incoming, Received } from './srf.ts';
import { emergencyPlan, unregistered } from './survival.ts';
import { wheretoOf } from './whereto.ts';

export async function relayInvite(app: Application, request: Incoming): Promise<void> {
  const isFromGateway = app.gateway?.sent(request) === true;
  const caller: LegName = request.flow.startsWith('in:') && !isFromGateway ? 'phone' : 'cloud';
  const admission = isFromGateway ? admitCallback(app, request) : admit(app, request, caller);
  if (admission.kind === 'refuse') {
    await refuse(app, request, admission);
    return;
  }
  const { binding, isEmergency } = admission;
  if (caller === 'phone' && !isEmergency && (await refusedAsTooFast(app, request, binding))) return;
  const hops = nextMaxForwards(request.headers);
  if (hops === undefined) {
    await request.respond({ status: 483 });
    return;
  }
  const call = newCall(app, request, { caller, admission });
  if (isFromGateway) asOfGateway(app, call, request);
  app.calls.add(call);
  beginHelp(app, call);
  void askCaller(app, request, call);
  let reason = 'failed';
  try {
    reason = await connect(app, { request, call, caller, hops });
  } catch (error) {
    // Whoever answered meanwhile must not be left in a call that nobody else is in.
    await sendBye(app, call.dialogs[otherLeg[caller]]);
    throw error;
  } finally {
    call.ringing = undefined;
    // It holds the INVITE and its answers, and a call may last for hours.
    call.takeBack = undefined;
    settleHelp(app, call, reason);
    if (reason !== 'up') await finishCall(app, call, reason);
  }
}

/** Resolves with what became of it; unless the call is up then, it is over. */
async function connect(app: Application, attempt: Attempt): Promise<string> {
  const { request, call, caller } = attempt;
  let isCancelled = false;
  const ringing = new Ringing(app, attempt);
  call.ringing = ringing;
  request.onCancel((headers) => {
    isCancelled = true;
    ringing.end();
    call.takeBack?.(passedHeaders(headers, otherLeg[caller]).filter(({ name }) => name === 'Reason'));
  });
  // Provisional responses keep their order, and come before the final one, although each may wait for the relay.
  let before: Promise<void> = Promise.resolve();
  const onProvisional = (response: Received) => {
    before = before
      .then(() => ringing.pass(response))
      .catch((error: unknown) => {
        app.counters.errors += 1;
        app.world.log.warn({ err: error, call: call.id }, 'provisional response not relayed');
      });
  };
  if (isCancelled) return 'cancelled';
  const final = await placeCall(app, { attempt, isCancelled: () => isCancelled, onProvisional });
  // A 2xx may not overtake a description that must arrive (RFC 3262 section 3); a refusal may.
  const isRefused = 'answer' in final || final.status > 299;
  if (isRefused || !mayAgreeEarly(attempt)) ringing.end();
  await before;
  if ('answer' in final) {
    if (final.reason === 'nobody here') await recordStart(app, call);
    await request.respond(final.answer);
    return final.reason;
  }
  if (final.status >= 200 && final.status <= 299) {
    if (isCancelled) {
      final.ack();
      await sendBye(app, final.dialogId);
      return 'cancelled';
    }
    return await answered(app, attempt, { ringing, final, hadOffer: request.body !== '' });
  }
  if (isCancelled) {
    await recordStart(app, call);
    return 'cancelled';
  }
  return await rejected(app, attempt, final);
}

async function answered(
  app: Application,
  attempt: Attempt,
  { ringing, final, hadOffer }: { ringing: Ringing; final: Received; hadOffer: boolean },
): Promise<string> {
  const { request, call, caller } = attempt;
  const callee = otherLeg[caller];
  if (hadOffer) final.ack();
  let body: { type: string; text: string };
  let ourTag: string | undefined;
  try {
    const told = await ringing.completed(final);
    body = await rewritten(call, callee, readBody(told.final));
    ourTag = told.ourTag;
  } catch (error) {
    if (!hadOffer) final.ack();
    await Promise.all([request.respond(sdpFailure(app, error)), sendBye(app, final.dialogId)]);
    return 'answer refused';
  }
  if (!hadOffer) call.owedAcks[caller] = (content) => final.ack(content);
  await recordAnswer(app, call);
  if (isOver(call)) {
    await request.respond({ status: 480 });
    return 'callee hung up';
  }
  const isSent = await request.respond(
    answerInSession({ ...answer(final, body, caller), ourTag }, request, call),
    (dialogId, sent) => {
      app.calls.setDialog(call, caller, dialogId);
      call.names[caller] = nameAsCallee(sent);
    },
  );
  if (!isSent) {
    await hangUp(app, call, { reason: 'caller gone', legs: [callee] });
    return 'caller gone';
  }
  await call.media.answered();
  recordDialogs(app, call);
  app.world.log.debug({ call: call.id, mac: call.binding.mac, direction: call.direction }, 'call up');
  return 'up';
}

/** Asked after waiting: the other side may have hung up meanwhile. */
function isOver({ state }: LiveCall): boolean {
  return state === 'ended';
}

/** Challenges go to the phone as they came, so that its own credentials answer them; such an attempt is no call yet. */
async function rejected(
  app: Application,
  { request, call, caller }: Attempt,
  final: Received,
): Promise<string> {
  if (!isChallenge(final)) await recordStart(app, call);
  if (final.localCause === undefined) {
    const contacts = final.status < 400 ? redirected(app, call, final) : [];
    if (contacts === undefined) {
      app.counters.redirects_refused += 1;
      await request.respond({ status: 480 });
      return `${final.status} led elsewhere`;
    }
    const { headers = [], ...rest } = answer(final, { type: '', text: '' }, caller);
    await request.respond({ ...rest, headers: [...headers, ...contacts] });
    return withCause(`${final.status} ${final.reason}`, final.headers);
  }
  const isPhoneAway = caller === 'cloud' || call.isLocal;
  await request.respond(isPhoneAway ? { status: 480 } : { status: 503, reason: 'Registrar not reached' });
  return `${isPhoneAway ? 'phone' : 'registrar'} not reached (${final.localCause})`;
}

/** Contacts of a 3xx that the caller may follow; undefined when there are only others. A call for help may be led anywhere. */
function redirected(app: Application, call: LiveCall, { headers }: Received): SipHeader[] | undefined {
  const contacts = headers.filter(({ name }) => name === 'Contact');
  if (call.isEmergency || contacts.length === 0) return contacts;
  const allowed = allowedContacts(contacts, wheretoOf(app, call.binding));
  return allowed.length === 0 ? undefined : allowed;
}

function admit(app: Application, request: Incoming, caller: LegName): Admission {
  const load: Load = {
    total: app.calls.size,
    ofPhone: (token) => app.calls.ofPhone(token).length,
    isFree: (binding) => app.help.awaitsCall(binding),
  };
  if (caller === 'cloud') return admitFromCloud(request, app.bindings.byFlow(request.flow), load);
  const address = addressOf(request.source);
  const help = helpKind(request.uri, emergencyPlan(app.config));
  const isForHelp = help === 'help';
  const admission = admitFromPhone(
    { ...request, help },
    {
      own: app.bindings.bySource(request.source, request.transport),
      near: isForHelp ? app.bindings.all().filter((row) => addressOf(row.source) === address) : [],
    },
    load,
  );
  if (isForHelp && isFlooding(app, request))
    return { kind: 'refuse', status: 486, reason: 'Calls for help are going on' };
  if (admission.kind === 'relay' || !isForHelp) return admission;
  return { kind: 'relay', binding: unregistered(app, request), isEmergency: true, help };
}

async function refuse(
  app: Application,
  request: Incoming,
  admission: Admission & { kind: 'refuse' },
): Promise<void> {
  const { status, reason, claimed } = admission;
  app.counters.calls_refused += 1;
  await request.respond({ status, reason });
  const source = addressOf(request.source);
  if (claimed !== undefined) app.counters.identities_refused += 1;
  if (!app.mayTell()) return;
  const direction = request.flow.startsWith('in:') ? 'outbound' : 'inbound';
  await app.store.write((tx) => {
    if (claimed === undefined)
      tx.journal({ kind: 'call_refused', body: { direction, status, reason, source } });
    else tx.journal({ kind: 'identity_refused', body: { method: request.method, source, claimed } });
  });
}

function newCall(
  app: Application,
  request: Incoming,
  { caller, admission }: { caller: LegName; admission: Admission & { kind: 'relay' } },
): LiveCall {
  const id = randomName();
  const { binding, help } = admission;
  const source = caller === 'phone' ? request.source : binding.source;
  const isBack = caller === 'cloud' && app.help.awaitsCall(binding);
  const mayBeForged = !isBack && request.transport === 'udp';
  const rescue = admission.isEmergency || isBack ? newRescue(app, id, mayBeForged) : undefined;
  const sides = { ...sidesToward(app.config, { ...binding, source }), rescue };
  return {
    id,
    direction: caller === 'phone' ? 'outbound' : 'inbound',
    binding,
    isEmergency: admission.isEmergency,
    help:
      help === undefined ? undefined : app.help.begin(id, help, { request, caller: { ...binding, source } }),
    from: maskedText(uriOf(request, 'From')),
    to: maskedText(caller === 'phone' ? request.uri : uriOf(request, 'To')),
    media: newCallMedia(app.media, id, sides),
    rescue,
    startedAt: app.time.now(),
    answeredAt: undefined,
    state: 'trying',
    callee: undefined,
    isLocal: false,
    takeBack: undefined,
    ringing: undefined,
    over: Promise.withResolvers<void>(),
    legs: [legOf(request)],
    dialogs: {},
    names: {},
    owedAcks: {},
    refers: [],
  };
}

function uriOf(request: Incoming, name: string): string {
  return parseNameAddress(headerValue(request, name) ?? '').uri;
}
