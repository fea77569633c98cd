/** Requests of ours that are under way: their transactions, and what comes back (RFC 3261 sections 8.1.3, 9.1, 13.2.2). */
import { credentialsOf } from '../../protocol/sip-challenge.ts';
import {
  essentials,
  headerValue,
  listValues,
  parseCSeq,
  tagOf,
  type Essentials,
} from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { formsDialog, isSuccess, madeHere, makesDialog } from './addressing.ts';
import { cancelFor, InviteClientTransaction, NonInviteClientTransaction } from './client-transaction.ts';
import type { ClientTransaction, ClientUser } from './client-transaction.ts';
import { refused, type Core, type Outcome } from './core.ts';
import { dialogIdOf, flowIn, uacDialog, updateUacDialog, type Dialog } from './dialog.ts';
import { refusedFork } from './fork.ts';
import { settleDialog } from './dialog-outcome.ts';
import type { Flow } from './flow.ts';
import { randomName } from './random-name.ts';
import { isNextInOrder, isReliableProvisional, rseqOf } from './reliable.ts';
import { retryAfterMs } from './retry-after.ts';
import { revive } from './revive.ts';
import { RouteError } from './route.ts';
import { t1 } from './timer-values.ts';
import type { Timer } from './timers.ts';
import { clientKey, mayAnswer } from './transactions.ts';

interface Outgoing {
  readonly id: string;
  /** What the transaction keeps of it, once it is answered. */
  request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ClientTransaction;
  readonly dialogId: string;
  dialog: Dialog | undefined;
  hasProvisional: boolean;
  isFinal: boolean;
  cancel: 'none' | 'wanted' | 'sent';
  patience: Timer | undefined;
  readonly onFinal: Use['onFinal'] | undefined;
  elsewhere: Use['elsewhere'] | undefined;
  isMoving: boolean;
}

/** How a request is known: to the application by its id, which is empty for one of the stack's own. */
export interface Use {
  readonly id: string;
  readonly dialog: Dialog | undefined;
  /** Of the request, where they were looked at already. */
  readonly fields?: Essentials;
  readonly onFinal?: (response: SipResponse) => void;
  /** The same request for another server, if there is one. Rejects with {@link RouteError}. */
  readonly elsewhere?: () => Promise<{ readonly request: SipRequest; readonly flow: Flow } | undefined>;
}

/** Timer C (section 16.6): so long may the other side ring. */
const ringingMs = 300_000;

/** A server: half of timer F, so that what waits may still be tried on another connection. A phone: a little less than timer F. */
const silentMs = { server: 32 * t1, phone: 62 * t1 };

export class OutgoingRequests {
  readonly #core: Core;
  /** By the application's id; those of the stack itself by their transaction. */
  readonly #outgoing = new Map<string, Outgoing>();

  constructor(core: Core) {
    this.#core = core;
  }

  receive(response: SipResponse, fields: Essentials, flow: Flow): void {
    const { transactions, counters } = this.#core;
    counters.add('responses_received');
    const transaction = transactions.clients.get(clientKey(fields));
    // Two Via: it was meant for somebody before us, or for the address in the second one (section 8.1.3.3).
    const isOurs = listValues(response, 'Via').length === 1;
    if (transaction === undefined || !isOurs || !mayAnswer(transaction, flow))
      counters.add('responses_ignored');
    else transaction.receive(response);
  }

  /** What was asked over a connection that is gone gets no answer any more (section 8.1.3.1). */
  flowLost(flow: Flow): void {
    for (const outgoing of this.#outgoing.values()) {
      if (outgoing.flow !== flow || outgoing.isFinal) continue;
      this.#deliver(outgoing, madeHere(outgoing.request, 503, 'flow-failed'));
      outgoing.transaction.abandon();
    }
  }

  begin(request: SipRequest, flow: Flow, use: Use): void {
    const { id, dialog, fields = essentials(request), onFinal, elsewhere } = use;
    const { transactions, timers, counters, transport } = this.#core;
    const key = clientKey(fields);
    const name = id === '' ? key : id;
    const silence = this.#watchSilence(flow);
    const user: ClientUser = {
      onResponse: (response) => this.#onResponse(outgoing, response),
      onTimeout: () => {
        counters.add('requests_timed_out');
        transport.avoid(flow);
        this.#deliver(outgoing, madeHere(outgoing.request, 408, 'timeout'));
      },
      onEnd: () => {
        silence?.cancel();
        outgoing.patience?.cancel();
        transactions.clients.delete(key);
        if (!outgoing.isMoving) this.#forget(name, outgoing);
      },
    };
    const Kind = request.method === 'INVITE' ? InviteClientTransaction : NonInviteClientTransaction;
    const transaction: ClientTransaction = new Kind({ request, flow, timers }, user);
    const dialogId = dialog?.id ?? (makesDialog(request) ? dialogIdOf(fields.callId, fields.fromTag) : '');
    const outgoing: Outgoing = {
      id,
      request,
      flow,
      transaction,
      dialogId,
      dialog,
      hasProvisional: false,
      isFinal: false,
      cancel: 'none',
      patience: undefined,
      onFinal,
      elsewhere,
      isMoving: false,
    };
    this.#outgoing.set(name, outgoing);
    transactions.clients.set(key, transaction);
    counters.add('requests_sent');
    if (request.method === 'SUBSCRIBE' && dialog === undefined) this.#core.earlyNotifies.expect(fields);
    transaction.start();
    flow.expectAnswer?.();
  }

  #forget(name: string, outgoing: Outgoing): void {
    if (this.#outgoing.get(name) === outgoing) this.#outgoing.delete(name);
  }

  /** No sign of life since: a router on the way has forgotten the connection, and TCP takes long to notice. */
  #watchSilence(flow: Flow): Timer | undefined {
    const heardBefore = flow.received;
    if (heardBefore === undefined) return undefined;
    return this.#core.timers.after(flow.isOutbound ? silentMs.server : silentMs.phone, () => {
      if (flow.received === heardBefore) flow.fail?.();
    });
  }

  #onResponse(outgoing: Outgoing, response: SipResponse): void {
    const { request } = outgoing;
    if (outgoing.isFinal) {
      this.#onRepeatedSuccess(outgoing, response);
      return;
    }
    if (response.status === 503 && outgoing.elsewhere !== undefined && outgoing.dialog === undefined) {
      void this.#tryElsewhere(outgoing, response);
      return;
    }
    const isReliable = isReliableProvisional(response);
    if (isReliable && !isNextInOrder(response, outgoing.dialog)) {
      this.#core.counters.add('provisional_responses_ignored');
      this.#onProvisional(outgoing);
      return;
    }
    if (formsDialog(request, response)) this.#follow(outgoing, response);
    if (isReliable && outgoing.dialog !== undefined) outgoing.dialog.rseq = rseqOf(response);
    this.#deliver(outgoing, response);
    if (response.status < 200) this.#onProvisional(outgoing);
  }

  /** RFC 3263 section 4.3; of Retry-After RFC 3261 section 21.5.4. The application hears of the last refusal only. */
  async #tryElsewhere(outgoing: Outgoing, refusal: SipResponse): Promise<void> {
    const { id, flow, elsewhere } = outgoing;
    const { transport, counters, log } = this.#core;
    outgoing.isFinal = true;
    outgoing.isMoving = true;
    outgoing.patience?.cancel();
    const rest = retryAfterMs(refusal);
    if (rest !== undefined) transport.avoid(flow, rest);
    let next: Awaited<ReturnType<NonNullable<Use['elsewhere']>>>;
    try {
      next = await elsewhere?.();
    } catch (error) {
      if (!(error instanceof RouteError)) log.error({ err: error }, 'another server could not be tried');
    }
    outgoing.isMoving = false;
    if (next === undefined || outgoing.cancel !== 'none') {
      this.#forget(id, outgoing);
      this.#deliver(outgoing, refusal);
      return;
    }
    counters.add('requests_tried_elsewhere');
    this.begin(next.request, next.flow, { id, dialog: undefined, ...(elsewhere && { elsewhere }) });
  }

  #onProvisional(outgoing: Outgoing): void {
    outgoing.hasProvisional = true;
    if (outgoing.cancel === 'wanted') this.#sendCancel(outgoing);
    if (outgoing.request.method !== 'INVITE' || outgoing.cancel !== 'none') return;
    outgoing.patience?.cancel();
    outgoing.patience = this.#core.timers.after(ringingMs, () => this.#sendCancel(outgoing));
  }

  /** A dialog begins, or goes on, with what the response says. */
  #follow(outgoing: Outgoing, response: SipResponse): void {
    const { request, flow, dialog } = outgoing;
    if (dialog === undefined) {
      outgoing.dialog = uacDialog(request, response, flow);
      if (request.method === 'INVITE') outgoing.dialog.openInvite = 'ours';
      this.#core.dialogs.add(outgoing.dialog);
    } else if (!dialog.isConfirmed) updateUacDialog(dialog, response);
  }

  /** To the application; `deliver` is also the one place where an outcome changes the dialog. */
  #deliver(outgoing: Outgoing, response: SipResponse): void {
    const { request, flow, id, dialogId, cancel, onFinal } = outgoing;
    const { dialog } = outgoing;
    const isUp = dialog?.isConfirmed === true;
    if (response.status >= 200) {
      outgoing.isFinal = true;
      outgoing.patience?.cancel();
      if (dialog !== undefined) settleDialog(this.#core, dialog, { request, response });
    }
    if (dialog !== undefined && request.method === 'INVITE' && isSuccess(response)) {
      const cseq = parseCSeq(headerValue(request, 'CSeq') ?? '').number;
      const credentials = credentialsOf(request);
      dialog.answer = { cseq, isCancelled: cancel !== 'none' && !isUp, credentials, ack: undefined };
    }
    if (id !== '') {
      this.#core.application.onResponse({
        response,
        flow,
        transactionId: id,
        dialogId: dialog?.id ?? dialogId,
      });
    }
    if (response.status < 200) return;
    if (request.method === 'SUBSCRIBE') this.#core.earlyNotifies.release(essentials(request));
    onFinal?.(response);
    outgoing.request = outgoing.transaction.request;
    outgoing.elsewhere = undefined;
  }

  /** The 2xx came again: so does its ACK. One from another branch of a fork is acknowledged and hung up (section 13.2.2.4). */
  #onRepeatedSuccess({ request, flow, dialog }: Outgoing, response: SipResponse): void {
    if (dialog?.remoteTag === (tagOf(headerValue(response, 'To') ?? '') ?? '')) {
      const { answer } = dialog ?? {};
      const isCurrent = headerValue(request, 'CSeq') === `${answer?.cseq} INVITE`;
      if (dialog === undefined || !isCurrent || answer?.ack === undefined) return;
      revive(this.#core, dialog);
      flowIn(dialog).send(answer.ack);
      return;
    }
    this.#core.counters.add('forked_answers_hung_up');
    const { ack, bye, via } = refusedFork(request, response, flow);
    via.send(encodeSipMessage(ack));
    this.begin(bye, via, { id: '', dialog: undefined });
  }

  cancel(transactionId: string): Outcome {
    const outgoing = this.#outgoing.get(transactionId);
    const isOver = outgoing === undefined || (outgoing.isFinal && !outgoing.isMoving);
    if (isOver || outgoing.request.method !== 'INVITE') {
      return refused('no INVITE to cancel');
    }
    if (outgoing.hasProvisional && !outgoing.isMoving) this.#sendCancel(outgoing);
    else outgoing.cancel = 'wanted';
    const message = cancelFor(outgoing.request);
    return {
      kind: 'sent',
      message,
      flow: outgoing.flow,
      transactionId: randomName(),
      dialogId: outgoing.dialogId,
    };
  }

  /** Not before a provisional response (section 9.1). Its own answer concerns nobody; the INVITE's must come. */
  #sendCancel(outgoing: Outgoing): void {
    if (outgoing.cancel === 'sent' || outgoing.isFinal) return;
    outgoing.cancel = 'sent';
    outgoing.patience?.cancel();
    outgoing.patience = this.#core.timers.after(64 * t1, () => {
      if (outgoing.transaction instanceof InviteClientTransaction) outgoing.transaction.expire();
    });
    this.begin(cancelFor(outgoing.request), outgoing.flow, { id: '', dialog: undefined });
  }
}
