/** Requests from the network: what the stack answers by itself (RFC 3261 sections 8.2, 9.2, 12.2.2, 13.3), the rest for the application. */
import { randomUUID } from 'node:crypto';
import { headerValue, withHeader, type Essentials } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { isSuccess } from './addressing.ts';
import { cancelNotice, composeResponse, newTag, plainResponse } from './compose.ts';
import { refused, type Core, type Outcome } from './core.ts';
import { settleAnswer } from './dialog-outcome.ts';
import { dialogIdOf, uasDialog, type Dialog } from './dialog.ts';
import { isSameParty, type Flow } from './flow.ts';
import { isReliableProvisional, numbered, reliableRefusal, repeatProvisional } from './reliable.ts';
import { repeatAnswer } from './repetition.ts';
import { dialogRefusal, knownMethods, refusal } from './request-checks.ts';
import {
  InviteServerTransaction,
  NonInviteServerTransaction,
  type ServerTransaction,
} from './server-transaction.ts';
import { t1 } from './timer-values.ts';
import type { Timer } from './timers.ts';
import { makeRoom, serverKey } from './transactions.ts';
import { WaitingCalls } from './waiting-calls.ts';

interface Incoming {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ServerTransaction;
  readonly cseq: number;
  readonly fromTag: string | undefined;
  readonly localTag: string;
  /** What the application is told. */
  readonly callId: string;
  dialog: Dialog | undefined;
  deadline: Timer | undefined;
}

const limits = {
  transactions: 50_000,
  /** The application answers something within this time, or we do: after it has heard of its own request's timer B or F. */
  silenceMs: 72 * t1,
  /** A phone may ring as long as this. */
  ringingMs: 600_000,
} as const;

export interface Received {
  readonly request: SipRequest;
  readonly essentials: Essentials;
  readonly flow: Flow;
}

export class ServerSide {
  readonly #core: Core;
  readonly #incoming = new Map<string, Incoming>();
  readonly #byTransaction = new Map<ServerTransaction, Incoming>();
  readonly #waiting = new WaitingCalls();
  /** Ends a dialog by a BYE of ours and tells the application. */
  readonly #hangUp: (dialog: Dialog, reason: string) => void;

  constructor(core: Core, hangUp: (dialog: Dialog, reason: string) => void) {
    this.#core = core;
    this.#hangUp = hangUp;
  }

  receive(received: Received): void {
    const { request, essentials, flow } = received;
    const { counters, transactions } = this.#core;
    counters.add('requests_received');
    const key = serverKey(essentials, flow);
    if (request.method === 'CANCEL') {
      this.#cancel(received, key);
      return;
    }
    const known = transactions.servers.get(key);
    if (request.method === 'ACK') {
      if (known instanceof InviteServerTransaction && known.isRefused) known.acknowledge();
      else this.#acknowledge(received);
      return;
    }
    if (known !== undefined) {
      counters.add('retransmissions_absorbed');
      known.repeat();
      return;
    }
    if (transactions.servers.size >= limits.transactions && !makeRoom(transactions)) {
      counters.add('requests_over_limit');
      this.#answerStateless(received, 503, 'Service Unavailable');
      return;
    }
    this.#begin(received, key);
  }

  /** The application's answer. A second final one is refused. */
  respond(transactionId: string, given: SipResponse): Outcome {
    const incoming = this.#incoming.get(transactionId);
    if (incoming === undefined) return refused('unknown transaction');
    if (incoming.transaction.isAnswered) return refused('already answered');
    const { request, flow, localTag } = incoming;
    if (given.status === 100)
      return this.#outcome(incoming, composeResponse(given, request, { flow, toTag: localTag }));
    let response = composeResponse(given, request, { flow, toTag: localTag });
    const isReliable = isReliableProvisional(response);
    if (isReliable) {
      const reason = reliableRefusal(request, incoming.dialog);
      if (reason !== undefined) return refused(reason);
      response = numbered(response, incoming.dialog);
    }
    this.#follow(incoming, response);
    if (isReliable) this.#repeatUntilPrack(incoming, response);
    if (request.method === 'INVITE' && isSuccess(response)) {
      this.#repeatUntilAcknowledged(incoming, response);
    }
    this.#core.counters.add('responses_sent');
    incoming.transaction.respond(response);
    if (request.method !== 'INVITE' && response.status >= 200) this.#forget(incoming.transaction);
    return this.#outcome(incoming, response);
  }

  /** Nobody can be answered over a connection that is gone: INVITEs from there are over. */
  flowLost(flow: Flow): void {
    for (const incoming of this.#incoming.values()) {
      if (incoming.flow !== flow || incoming.request.method !== 'INVITE' || incoming.transaction.isAnswered)
        continue;
      this.#giveUp(incoming, 487, 'Request Terminated');
    }
  }

  #begin({ request, essentials, flow }: Received, key: string): void {
    const { transactions, timers, counters } = this.#core;
    const isInvite = request.method === 'INVITE';
    const Kind = isInvite ? InviteServerTransaction : NonInviteServerTransaction;
    const transaction: ServerTransaction = new Kind(
      { flow, timers },
      {
        onTimeout: () => counters.add('refusals_not_acknowledged'),
        onEnd: () => {
          transactions.servers.delete(key);
          this.#forget(transaction);
        },
      },
    );
    transactions.servers.set(key, transaction);
    const incoming: Incoming = {
      id: randomUUID(),
      request,
      flow,
      transaction,
      cseq: essentials.cseq.number,
      fromTag: essentials.fromTag,
      localTag: essentials.toTag ?? newTag(),
      callId: isInvite ? this.#waiting.take(essentials.callId) : essentials.callId,
      dialog: undefined,
      deadline: undefined,
    };
    this.#incoming.set(incoming.id, incoming);
    this.#byTransaction.set(transaction, incoming);
    if (isInvite) transaction.respond(this.#compose(incoming, plainResponse(100, 'Trying')));
    const refusedWith =
      this.#enterDialog(incoming, essentials) ?? refusal(request, essentials, this.#core.application.isReady);
    if (refusedWith !== undefined) {
      counters.add('requests_refused');
      this.#follow(incoming, refusedWith);
      transaction.respond(this.#compose(incoming, refusedWith));
      return;
    }
    this.#setDeadline(incoming, limits.silenceMs);
    this.#tellApplication(incoming);
  }

  /** Finds the dialog of a request that has a To tag, and says how it is refused when that isn't possible. */
  #enterDialog(incoming: Incoming, essentials: Essentials): SipResponse | undefined {
    const { request, flow, cseq } = incoming;
    if (essentials.toTag === undefined || !knownMethods.has(request.method)) return undefined;
    const dialog = this.#core.dialogs.for(essentials);
    const refusedWith = dialogRefusal({ request, flow, cseq }, dialog);
    if (dialog === undefined || refusedWith !== undefined) return refusedWith;
    if (request.method === 'INVITE') dialog.openInvite = 'theirs';
    dialog.remoteCseq = cseq;
    dialog.flow = flow;
    incoming.dialog = dialog;
    return undefined;
  }

  #tellApplication(incoming: Incoming, request = incoming.request): void {
    this.#core.application.onRequest({
      request: { ...request, headers: withHeader(request.headers, 'Call-ID', [incoming.callId]) },
      source: 'network',
      flow: incoming.flow,
      transactionId: incoming.id,
      dialogId: incoming.dialog?.id ?? '',
    });
  }

  /** What an answer means for the dialog. */
  #follow(incoming: Incoming, response: SipResponse): void {
    const { dialogs } = this.#core;
    const { request, flow, localTag, deadline } = incoming;
    const { status } = response;
    deadline?.cancel();
    if (status >= 200 && request.method === 'INVITE') this.#waiting.release(incoming.callId);
    if (status < 200) this.#setDeadline(incoming, limits.ringingMs);
    const makesDialog = request.method === 'INVITE' || (request.method === 'SUBSCRIBE' && status >= 200);
    if (incoming.dialog === undefined && makesDialog && status < 300) {
      incoming.dialog = uasDialog(request, response, { flow, localTag });
      incoming.dialog.openInvite = request.method === 'INVITE' ? 'theirs' : undefined;
      dialogs.add(incoming.dialog);
    }
    const { dialog } = incoming;
    if (dialog === undefined || status < 200) return;
    if (settleAnswer(this.#core, dialog, { request, response })) this.#end(dialog);
  }

  #repeatUntilAcknowledged({ dialog, flow, cseq, id }: Incoming, response: SipResponse): void {
    if (dialog === undefined) return;
    const { timers, counters } = this.#core;
    const { stop } = repeatAnswer({ timers, flow, bytes: encodeSipMessage(response) }, () => {
      counters.add('answers_not_acknowledged');
      dialog.unacknowledged = undefined;
      this.#hangUp(dialog, 'ACK timeout');
    });
    dialog.unacknowledged = { cseq, transactionId: id, stop };
  }

  /** An INVITE that still waits in it gets 487 (section 15.1.2). */
  #end(dialog: Dialog): void {
    this.#core.dialogs.remove(dialog);
    if (dialog.openInvite !== 'theirs') return;
    for (const incoming of this.#incoming.values()) {
      if (
        incoming.dialog !== dialog ||
        incoming.request.method !== 'INVITE' ||
        incoming.transaction.isAnswered
      )
        continue;
      this.#giveUp(incoming, 487, 'Request Terminated');
    }
  }

  #repeatUntilPrack(incoming: Incoming, response: SipResponse): void {
    const { dialog, flow, cseq } = incoming;
    if (dialog === undefined) return;
    repeatProvisional({ dialog, flow, timers: this.#core.timers, cseq, response }, () => {
      this.#core.counters.add('answers_not_acknowledged');
      this.#giveUp(incoming, 504, 'Server Time-out');
    });
  }

  /** An ACK to a 2xx is a request of the dialog (section 13.3.1.4); one that came again says nothing new. */
  #acknowledge({ request, essentials, flow }: Received): void {
    const dialog = this.#core.dialogs.for(essentials);
    const awaited = dialog?.unacknowledged;
    if (dialog === undefined || awaited?.cseq !== essentials.cseq.number || !isSameParty(flow, dialog.flow)) {
      this.#core.counters.add('acks_ignored');
      return;
    }
    awaited.stop();
    dialog.unacknowledged = undefined;
    this.#core.application.onRequest({
      request,
      source: 'network',
      flow,
      transactionId: awaited.transactionId,
      dialogId: dialog.id,
    });
  }

  /** Section 9.2: 200 to the CANCEL, 487 to the INVITE, and the application hears of it afterwards. */
  #cancel(received: Received, key: string): void {
    const transaction = this.#core.transactions.servers.get(key);
    const incoming = transaction === undefined ? undefined : this.#byTransaction.get(transaction);
    if (incoming === undefined) {
      this.#answerStateless(received, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    const { request, flow } = received;
    flow.send(
      encodeSipMessage(
        composeResponse(plainResponse(200, 'OK'), request, { flow, toTag: incoming.localTag }),
      ),
    );
    if (incoming.transaction.isAnswered) return;
    this.#giveUp(incoming, 487, 'Request Terminated', request);
  }

  /** Answers for the application, and tells it by a CANCEL, the only thing that it understands for this. */
  // oxlint-disable-next-line max-params
  #giveUp(incoming: Incoming, status: number, reason: string, cancel?: SipRequest): void {
    const response = this.#compose(incoming, plainResponse(status, reason));
    this.#follow(incoming, response);
    incoming.transaction.respond(response);
    if (incoming.request.method !== 'INVITE') return;
    this.#tellApplication(incoming, cancel ?? cancelNotice(incoming.request, reason));
  }

  #setDeadline(incoming: Incoming, ms: number): void {
    incoming.deadline = this.#core.timers.after(ms, () => {
      this.#core.counters.add('requests_not_answered_by_application');
      const isRinging = ms === limits.ringingMs;
      this.#giveUp(
        incoming,
        isRinging ? 480 : 500,
        isRinging ? 'Temporarily Unavailable' : 'Server Internal Error',
      );
    });
  }

  #answerStateless({ request, flow, essentials }: Received, status: number, reason: string): void {
    const toTag = essentials.toTag ?? newTag();
    flow.send(encodeSipMessage(composeResponse(plainResponse(status, reason), request, { flow, toTag })));
  }

  #compose({ request, flow, localTag }: Incoming, response: SipResponse): SipResponse {
    return composeResponse(response, request, { flow, toTag: localTag });
  }

  #outcome({ id, flow, dialog, request, fromTag }: Incoming, message: SipResponse): Outcome {
    const dialogId =
      dialog?.id ??
      (request.method === 'INVITE' ? dialogIdOf(headerValue(request, 'Call-ID') ?? '', fromTag) : '');
    return { kind: 'sent', message, flow, transactionId: id, dialogId };
  }

  #forget(transaction: ServerTransaction): void {
    const incoming = this.#byTransaction.get(transaction);
    if (incoming === undefined) return;
    incoming.deadline?.cancel();
    this.#byTransaction.delete(transaction);
    this.#incoming.delete(incoming.id);
  }
}
