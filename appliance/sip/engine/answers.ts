/** Answers to requests from the network: the application's, and ours where it gives none. What they mean for the dialog. */
import { headerValue, tagOf } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { isSuccess } from './addressing.ts';
import { cancelNotice, plainResponse } from './compose.ts';
import { refused, type Core, type Outcome } from './core.ts';
import { settleAnswer } from './dialog-outcome.ts';
import { dialogIdOf, noteDescription, uasDialog, type Dialog } from './dialog.ts';
import { completed, requestEvent, type Incoming, type IncomingRequests } from './incoming.ts';
import { keptText } from './kept-bytes.ts';
import {
  isReliableProvisional,
  numbered,
  reliableRefusal,
  repeatProvisional,
  withoutReliability,
} from './reliable.ts';
import { repeatAnswer } from './repetition.ts';
import { endDialog } from './subscription.ts';
import { t1 } from './timer-values.ts';
import type { WaitingCalls } from './waiting-calls.ts';

const limits = {
  /** The application answers something within this time, or we do: after it has heard of its own request's timer B or F. */
  silenceMs: 72 * t1,
  /** A phone may ring as long as this. */
  ringingMs: 600_000,
  /** Section 13.3.1.1: proxies give up after three minutes of silence, and one response may be lost. */
  againMs: 60_000,
} as const;

export interface AnswersNeeds {
  readonly core: Core;
  readonly incoming: IncomingRequests;
  readonly waiting: WaitingCalls;
  /** Ends a dialog by a BYE of ours and tells the application. */
  readonly hangUp: (dialog: Dialog, reason: string) => void;
}

export class Answers {
  readonly #needs: AnswersNeeds;

  constructor(needs: AnswersNeeds) {
    this.#needs = needs;
  }

  /** The application's answer. A second final one is refused. */
  respond(transactionId: string, given: SipResponse): Outcome {
    const incoming = this.#needs.incoming.byId(transactionId);
    if (incoming === undefined) return refused('unknown transaction');
    if (incoming.transaction.isAnswered) return refused('already answered');
    const { request } = incoming;
    let response = completed(incoming, given);
    if (given.status === 100) return outcome(incoming, response);
    const isReliable = isReliableProvisional(response);
    if (isReliable) {
      const dialog = dialogOf(incoming, response);
      const reason = reliableRefusal(request, dialog);
      if (reason !== undefined) return refused(reason);
      response = numbered(response, dialog);
    }
    this.#follow(incoming, response);
    if (isReliable) this.#repeatUntilPrack(incoming, response);
    if (request.method === 'INVITE' && response.status < 200) this.#sayAgain(incoming, response);
    if (request.method === 'INVITE' && isSuccess(response)) {
      this.#repeatUntilAcknowledged(incoming, response);
    }
    this.#needs.core.counters.add('responses_sent');
    incoming.transaction.respond(response);
    if (response.status >= 200) this.#needs.incoming.forget(incoming.transaction);
    return outcome(incoming, response);
  }

  /** Before the application has heard of the request. */
  refuse(incoming: Incoming, given: SipResponse): void {
    this.#follow(incoming, given);
    incoming.transaction.respond(completed(incoming, given));
  }

  /** Answers for the application, and tells it by a CANCEL, the only thing that it understands for this. */
  giveUp(incoming: Incoming, given: SipResponse, cancel?: SipRequest): void {
    const { request } = incoming;
    const response = completed(incoming, given);
    this.#follow(incoming, response);
    incoming.transaction.respond(response);
    if (request.method !== 'INVITE') return;
    const notice = cancel ?? cancelNotice(request, given.reason);
    this.#needs.core.application.onRequest(requestEvent(incoming, notice));
  }

  /** The application has been asked. */
  await(incoming: Incoming): void {
    this.#setDeadline(incoming, limits.silenceMs, plainResponse(500, 'Server Internal Error'));
  }

  #setDeadline(incoming: Incoming, ms: number, given: SipResponse): void {
    const { timers, counters } = this.#needs.core;
    incoming.deadline = timers.after(ms, () => {
      counters.add('requests_not_answered_by_application');
      this.giveUp(incoming, given);
    });
  }

  /** What an answer means for the dialog. */
  #follow(incoming: Incoming, response: SipResponse): void {
    const { core, waiting } = this.#needs;
    const { request, flow, deadline } = incoming;
    const { status } = response;
    deadline?.cancel();
    incoming.again?.cancel();
    if (status >= 200 && request.method === 'INVITE') waiting.release(incoming.callId);
    if (status < 200) {
      this.#setDeadline(incoming, limits.ringingMs, plainResponse(480, 'Temporarily Unavailable'));
    }
    const makesDialog = request.method === 'INVITE' || (request.method === 'SUBSCRIBE' && status >= 200);
    incoming.dialog = dialogOf(incoming, response);
    if (incoming.dialog === undefined && makesDialog && status < 300) {
      const localTag = keptText(localTagOf(response));
      incoming.dialog = uasDialog(request, response, { flow, localTag });
      incoming.dialog.openInvite = request.method === 'INVITE' ? 'theirs' : undefined;
      incoming.begun.set(localTag, incoming.dialog);
      core.dialogs.add(incoming.dialog);
    }
    const { dialog } = incoming;
    if (status >= 200) this.#endOthers(incoming);
    if (dialog === undefined || status < 200) return;
    if (settleAnswer(core, dialog, { request, response })) this.#end(dialog);
  }

  /** The one that the final answer is of goes on, if any does (section 13.2.2.4). */
  #endOthers({ begun, dialog }: Incoming): void {
    const { core } = this.#needs;
    for (const other of begun.values()) {
      if (other === dialog) continue;
      core.latePracks.expect(other);
      core.dialogs.remove(other);
    }
  }

  /** An INVITE that still waits in it gets 487 (section 15.1.2). */
  #end(dialog: Dialog): void {
    const { core, incoming } = this.#needs;
    endDialog(core, dialog);
    if (dialog.openInvite !== 'theirs') return;
    for (const invite of incoming.waitingInvites((one) => one.dialog === dialog)) {
      this.giveUp(invite, plainResponse(487, 'Request Terminated'));
    }
  }

  /** For whoever is on the way that it still rings. */
  #sayAgain(incoming: Incoming, response: SipResponse): void {
    const { timers } = this.#needs.core;
    incoming.again = timers.after(limits.againMs, () => {
      const bare = withoutReliability(incoming.request, response);
      const again = isReliableProvisional(bare) ? numbered(bare, incoming.dialog) : bare;
      if (again !== bare) this.#repeatUntilPrack(incoming, again);
      this.#sayAgain(incoming, response);
      incoming.transaction.respond(again);
    });
  }

  #repeatUntilAcknowledged({ dialog, flow, cseq, id }: Incoming, response: SipResponse): void {
    if (dialog === undefined) return;
    const { core, hangUp } = this.#needs;
    const { stop } = repeatAnswer({ timers: core.timers, flow, bytes: encodeSipMessage(response) }, () => {
      core.counters.add('answers_not_acknowledged');
      dialog.unacknowledged = undefined;
      hangUp(dialog, 'ACK timeout');
    });
    dialog.unacknowledged = { cseq, transactionId: id, stop };
  }

  #repeatUntilPrack(incoming: Incoming, response: SipResponse): void {
    const { timers, counters } = this.#needs.core;
    const { dialog, flow, cseq } = incoming;
    if (dialog === undefined) return;
    // It may be the answer to an offer, and then the last word on it.
    noteDescription(dialog, response);
    repeatProvisional({ dialog, flow, timers, cseq, response }, () => {
      counters.add('answers_not_acknowledged');
      this.giveUp(incoming, plainResponse(504, 'Server Time-out'));
    });
  }
}

function localTagOf(response: SipResponse): string {
  return tagOf(headerValue(response, 'To') ?? '') ?? '';
}

/** In which it is said: of those that an INVITE has begun, or the one that the request came in. */
function dialogOf({ begun, dialog }: Incoming, response: SipResponse): Dialog | undefined {
  return begun.size === 0 ? dialog : begun.get(localTagOf(response));
}

function outcome({ id, flow, dialog, request, fromTag }: Incoming, message: SipResponse): Outcome {
  const dialogId =
    dialog?.id ??
    (request.method === 'INVITE' ? dialogIdOf(headerValue(request, 'Call-ID') ?? '', fromTag) : '');
  return { kind: 'sent', message, flow, transactionId: id, dialogId };
}
