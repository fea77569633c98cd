/**
 * What a callee says before its final answer. Where a response must arrive (RFC 3262) the callee's waits for the PRACK of the caller,
 * which is carried on with its description. For a caller that knows no PRACK the box sends it, and for a callee that knows none the
 * box sees to it that its responses arrive.
 */
import { credentialsOf, isChallenge } from '../protocol/sip-challenge.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { Application } from './application.ts';
import { readBody } from './body.ts';
import { audience } from './call-end.ts';
import { isOfDescription, sdpFailure } from './call-offer.ts';
import { recordStart } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { answer, rewritten } from './crossing.ts';
import { passedWithoutBody } from './headers.ts';
import type { Attempt } from './outgoing-invite.ts';
import {
  callersReliability,
  isReliable,
  mayAgreeEarly,
  prackHeaders,
  required,
  wayToCaller,
} from './reliability.ts';
import { RingingEnds, type RingingEnd } from './ringing-ends.ts';
import { within } from './srf-library.ts';
import type { Answer, Incoming, Received } from './srf.ts';

const nothing = { type: '', text: '' };

/** How long a caller waits to hear whether the callee wants credentials for its PRACK. */
const challengeMs = 4000;

export class Ringing {
  readonly #app: Application;
  readonly #attempt: Attempt;
  readonly #ends = new RingingEnds();
  #isOver = false;
  /** Sent to the caller, whose PRACK has not come. */
  #waiting: Waiting | undefined;

  constructor(app: Application, attempt: Attempt) {
    this.#app = app;
    this.#attempt = attempt;
  }

  /** No other callee can take the call any more: the caller would send its media to the wrong ports. */
  get isAgreed(): boolean {
    return this.#ends.isAgreed;
  }

  isCaller(leg: LegName): boolean {
    return leg === this.#attempt.caller;
  }

  /** Each one after the last has arrived, where it must. */
  async pass(response: Received): Promise<void> {
    const { request, call, caller } = this.#attempt;
    if (response.status === 100 || call.state === 'ended') return;
    await recordStart(this.#app, call);
    const isCallees = isReliable(response);
    const hasDescription = response.body !== '';
    const end = this.#ends.of(response);
    if (isCallees && hasDescription) end.given = response;
    const way = wayToCaller({
      caller: callersReliability(request),
      isCallees,
      hasDescription,
      isAwaitingOffer: request.body === '' && !end.isAgreed,
    });
    if (isCallees && way !== 'reliable') this.#acknowledge(response, []);
    if (way === 'none') return;
    const mayDescribe = !end.isAgreed && (way === 'plain' || mayAgreeEarly(this.#attempt));
    const body = mayDescribe ? await this.#descriptionOf(response) : nothing;
    if (body.text !== '') this.#described(end);
    const given = { ...answer(response, body, caller), ourTag: end.ourTag };
    if (way === 'plain') await this.#tell(end, given);
    else await this.#passReliably({ response, end }, given);
  }

  /** One that can't be read, or may not cross, is left out: that it rings is told all the same. */
  async #descriptionOf(response: Received): Promise<{ type: string; text: string }> {
    const { call, caller } = this.#attempt;
    try {
      return await rewritten(call, otherLeg[caller], readBody(response));
    } catch (error) {
      if (!isOfDescription(error)) throw error;
      this.#app.counters.sdp_refused += 1;
      return nothing;
    }
  }

  async #tell(end: RingingEnd, given: Answer): Promise<boolean> {
    return await this.#attempt.request.respond(given, (dialogId) => {
      end.callerDialog = dialogId;
    });
  }

  async #passReliably({ response, end }: Omit<Waiting, 'taken'>, given: Answer): Promise<void> {
    if (this.#isOver) return;
    const taken = Promise.withResolvers<void>();
    this.#waiting = { response, end, taken };
    if (given.body !== undefined) end.isAgreed = true;
    const isSent = await this.#tell(end, { ...given, headers: [...(given.headers ?? []), required] });
    if (isSent) await taken.promise;
    this.#waiting = undefined;
  }

  /** From the caller; the engine has seen that it belongs to what was sent. */
  async acknowledged(prack: Incoming): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      await prack.respond({ status: prack.body === '' ? 200 : 488 });
      return;
    }
    let reply: Answer = { status: 500 };
    try {
      reply = await this.#carry(prack, waiting);
      await prack.respond(reply);
    } finally {
      // A challenge is no end of it: the PRACK comes again with credentials.
      if (!isChallenge(reply)) waiting.taken.resolve();
    }
  }

  async #carry(prack: Incoming, { response, end }: Waiting): Promise<Answer> {
    const { call, caller } = this.#attempt;
    const headers = passedWithoutBody(prack.headers, audience(call, otherLeg[caller]));
    if (prack.body === '') {
      const final = isReliable(response) ? await this.#challenge(response, headers) : undefined;
      return final === undefined ? { status: 200 } : answer(final, nothing, caller);
    }
    // The callee has agreed on nothing yet, and can't be asked before it has.
    if (!isReliable(response)) return { status: 488 };
    try {
      const offer = await rewritten(call, caller, readBody(prack));
      const final = await this.#prack(response, headers, offer);
      const isAccepted = final.status >= 200 && final.status <= 299;
      const body = isAccepted ? await rewritten(call, otherLeg[caller], readBody(final)) : nothing;
      if (isAccepted) this.changed(end);
      return final.localCause === undefined ? answer(final, body, caller) : { status: 500 };
    } catch (error) {
      return sdpFailure(this.#app, error);
    }
  }

  /**
   * Sends it, and gives the challenge that it meets. Whoever was asked for no credentials before will hardly be now, and is not made to
   * wait for an answer that says nothing.
   */
  async #challenge(response: Received, headers: readonly SipHeader[]): Promise<Received | undefined> {
    if (credentialsOf(this.#attempt.request).length === 0) {
      this.#acknowledge(response, headers);
      return undefined;
    }
    try {
      const asked = this.#prack(response, headers, nothing);
      const final = await within(this.#app.server.timers, asked, challengeMs);
      return final !== undefined && isChallenge(final) ? final : undefined;
    } catch (error) {
      this.#app.world.log.debug({ err: error, call: this.#attempt.call.id }, 'PRACK not sent');
      return undefined;
    }
  }

  #acknowledge(response: Received, headers: readonly SipHeader[]): void {
    this.#prack(response, headers, nothing).catch((error: unknown) => {
      this.#app.world.log.debug({ err: error, call: this.#attempt.call.id }, 'PRACK not sent');
    });
  }

  async #prack(
    response: Received,
    headers: readonly SipHeader[],
    body: { type: string; text: string },
  ): Promise<Received> {
    const content = body.text === '' ? [] : [{ name: 'Content-Type', value: body.type }];
    const sent = await this.#app.server.send({
      method: 'PRACK',
      ...(response.dialogId === undefined ? {} : { dialogId: response.dialogId }),
      headers: [...prackHeaders(response), ...headers, ...content],
      ...(body.text === '' ? {} : { body: body.text }),
    });
    return await sent.final;
  }

  /** The call as those two know it that a request in this dialog is of. Undefined when neither of them is of this call. */
  inDialog(request: Incoming, dialogId: string): Early | undefined {
    const { call, caller } = this.#attempt;
    const callee = otherLeg[caller];
    const meant = this.#ends.meantIn(dialogId);
    const end = meant ?? this.#ends.asking(dialogId, request);
    if (end === undefined) return undefined;
    const dialogs: LiveCall['dialogs'] = {
      ...(end.callerDialog === undefined ? {} : { [caller]: end.callerDialog }),
      ...(end.dialogId === undefined ? {} : { [callee]: end.dialogId }),
    };
    const farEnd = meant === undefined ? undefined : meant.to;
    return { call: { ...call, dialogs, farEnd }, leg: meant === undefined ? callee : caller, end };
  }

  #described(end: RingingEnd): void {
    const { call, caller } = this.#attempt;
    this.#ends.describes(end);
    end.heard = call.media.heard(otherLeg[caller]);
  }

  /** By an offer after the first one and its answer. */
  changed(end: RingingEnd): void {
    end.isChanged = true;
    this.#described(end);
  }

  /**
   * A 2xx with the description that it stands for, and our tag for it: what was agreed on holds, and what was given before is not said
   * again. Media go to who has answered. Throws as `CallMedia.relay` does.
   */
  async completed(
    final: Received,
  ): Promise<{ readonly final: Received; readonly ourTag: string | undefined }> {
    const { call, caller } = this.#attempt;
    const end = this.#ends.of(final);
    const whole = end.isAgreed ? withoutOlder(final, end) : withGiven(final, end.given);
    if (whole.body !== '') this.#ends.describes(end);
    else if (end.heard !== undefined && end.heard !== call.media.heard(otherLeg[caller]))
      await call.media.relay(otherLeg[caller], end.heard);
    return { final: whole, ourTag: end.ourTag };
  }

  /** The INVITE is over: no PRACK is waited for any more. */
  end(): void {
    this.#isOver = true;
    this.#waiting?.taken.resolve();
  }
}

interface Waiting {
  readonly response: Received;
  readonly end: RingingEnd;
  readonly taken: PromiseWithResolvers<void>;
}

interface Early {
  readonly call: LiveCall;
  readonly leg: LegName;
  readonly end: RingingEnd;
}

function withoutOlder(final: Received, { isChanged }: RingingEnd): Received {
  return isChanged ? { ...final, body: '' } : final;
}

function withGiven(final: Received, given: Received | undefined): Received {
  if (final.body !== '' || given === undefined) return final;
  const type = given.headers.filter(({ name }) => name === 'Content-Type');
  const others = final.headers.filter(({ name }) => name !== 'Content-Type');
  return { ...final, body: given.body, headers: [...others, ...type] };
}
