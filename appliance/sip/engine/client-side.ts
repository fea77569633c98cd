/** Requests of the application: into a transaction, over a flow, and what comes back (RFC 3261 sections 8.1, 9.1, 12.2.1, 13.2). */
import { randomUUID } from 'node:crypto';
import { essentials, headerValue, parseCSeq, tagOf, type Essentials } from '../../protocol/sip-headers.ts';
import { DecodeError } from '../../protocol/bytes.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import {
  byeBecause,
  dialogIdOfRequest,
  formsDialog,
  givenCSeq,
  isSuccess,
  madeHere,
  makesDialog,
  newAddressing,
  nowhere,
} from './addressing.ts';
import { cancelFor, InviteClientTransaction, NonInviteClientTransaction } from './client-transaction.ts';
import type { ClientTransaction, ClientUser } from './client-transaction.ts';
import { composeRequest } from './compose.ts';
import { refused, type Command, type Core, type Outcome } from './core.ts';
import { addressingIn, flowIn, uacDialog, updateUacDialog, type Dialog } from './dialog.ts';
import { refusedFork } from './fork.ts';
import { settleDialog } from './dialog-outcome.ts';
import type { Flow } from './flow.ts';
import { parseRoute, RouteError } from './route.ts';
import { t1 } from './timer-values.ts';
import type { Timer } from './timers.ts';
import { clientKey, mayAnswer } from './transactions.ts';

interface Outgoing {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ClientTransaction;
  readonly dialogId: string;
  dialog: Dialog | undefined;
  hasProvisional: boolean;
  isFinal: boolean;
  cancel: 'none' | 'wanted' | 'sent';
  patience: Timer | undefined;
}

/** Timer C (section 16.6): so long may the other side ring. */
const ringingMs = 300_000;

/** A server: half of timer F, so that what waits may still be tried on another connection. A phone: a little less than timer F. */
const silentMs = { server: 32 * t1, phone: 62 * t1 };

export class ClientSide {
  readonly #core: Core;
  readonly #outgoing = new Map<string, Outgoing>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** `reply` is called once, before anything that the network says about the request. */
  async send(command: Command, reply: (outcome: Outcome) => void): Promise<void> {
    const { request, dialogId } = command;
    if (request.method === 'CANCEL') reply(this.#cancel(command.transactionId));
    else if (dialogId !== '') this.#sendInDialog(command, reply);
    else if (request.method === 'ACK' || request.method === 'PRACK')
      reply(refused(`${request.method} outside a dialog`));
    else await this.#sendNew(command, reply);
  }

  /** A BYE of the stack's own. */
  hangUp(dialog: Dialog, reason: string): void {
    const given = byeBecause(reason);
    dialog.localCseq += 1;
    const flow = flowIn(dialog);
    const request = composeRequest(given, addressingIn(dialog, dialog.localCseq), flow);
    this.#core.dialogs.remove(dialog);
    this.#begin(request, flow, { id: '', dialog: undefined });
    this.#core.counters.add('hang_ups_by_engine');
    this.#core.application.onRequest({
      request,
      source: 'application',
      flow,
      transactionId: 'unsolicited',
      dialogId: dialog.id,
    });
  }

  receive(response: SipResponse, fields: Essentials, flow: Flow): void {
    const { transactions, counters } = this.#core;
    counters.add('responses_received');
    const transaction = transactions.clients.get(clientKey(fields));
    if (transaction === undefined || !mayAnswer(transaction, flow)) counters.add('responses_ignored');
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

  async #sendNew({ request, route }: Command, reply: (outcome: Outcome) => void): Promise<void> {
    let flow: Flow;
    try {
      flow = await this.#core.transport.flowFor(parseRoute(route === '' ? request.uri : route));
    } catch (error) {
      if (error instanceof DecodeError) reply(refused(`cannot route: ${error.message}`));
      else if (error instanceof RouteError) this.#fail({ given: request, error }, reply);
      else throw error;
      return;
    }
    const full = composeRequest(request, newAddressing(request, flow), flow);
    this.#announce(full, flow, reply);
  }

  /** No way to there: the application hears it as a response, as it would from a proxy. */
  #fail({ given, error }: { given: SipRequest; error: RouteError }, reply: (outcome: Outcome) => void): void {
    this.#core.counters.add('requests_not_routed');
    this.#core.log.info({ method: given.method, reason: error.message }, 'no route for a request');
    const flow = nowhere();
    const request = composeRequest(given, newAddressing(given, flow), flow);
    const response = madeHere(request, error.status, error.status === 430 ? 'flow-failed' : 'unreachable');
    const dialogId = makesDialog(request) ? dialogIdOfRequest(request) : '';
    this.#standIn({ request, flow, dialogId, response }, reply);
  }

  /** The request is said to be sent, and its answer to have come. */
  #standIn(
    {
      request,
      flow,
      dialogId,
      response,
    }: Pick<Outgoing, 'request' | 'flow' | 'dialogId'> & { response: SipResponse },
    reply: (outcome: Outcome) => void,
  ): void {
    const transactionId = randomUUID();
    reply({ kind: 'sent', message: request, flow, transactionId, dialogId });
    setImmediate(() => this.#core.application.onResponse({ response, flow, transactionId, dialogId }));
  }

  #sendInDialog({ request: given, dialogId }: Command, reply: (outcome: Outcome) => void): void {
    const dialog = this.#core.dialogs.byId(dialogId);
    if (dialog === undefined) reply(refused('unable to find dialog'));
    else if (given.method === 'ACK') reply(this.#acknowledge(dialog, given));
    else if (given.method === 'INVITE' && dialog.openInvite !== undefined)
      reply(refused('an INVITE is pending in the dialog'));
    else {
      dialog.localCseq = Math.max(dialog.localCseq + 1, givenCSeq(given) ?? 0);
      this.#revive(dialog);
      const flow = flowIn(dialog);
      const request = composeRequest(given, addressingIn(dialog, dialog.localCseq), flow);
      if (given.method === 'INVITE') dialog.openInvite = 'ours';
      dialog.localContact = headerValue(request, 'Contact') ?? dialog.localContact;
      if (flow.isOpen) this.#announce(request, flow, reply, dialog);
      else {
        const response = madeHere(request, 430, 'flow-failed');
        settleDialog(this.#core, dialog, { request, response });
        this.#standIn({ request, flow, dialogId, response }, reply);
      }
    }
  }

  /** The connection broke and was made again under its name: the dialog goes on over it. */
  #revive(dialog: Dialog): void {
    if (dialog.flow.isOpen) return;
    const again = this.#core.transport.flow(dialog.flow.id);
    if (again?.isOpen === true) dialog.flow = again;
  }

  /** The reply comes first: drachtio-srf knows the transaction only after it. */
  // oxlint-disable-next-line max-params
  #announce(request: SipRequest, flow: Flow, reply: (outcome: Outcome) => void, dialog?: Dialog): void {
    const id = randomUUID();
    const dialogId = dialog?.id ?? (makesDialog(request) ? dialogIdOfRequest(request) : '');
    // Throws before anything was promised.
    essentials(request);
    reply({ kind: 'sent', message: request, flow, transactionId: id, dialogId });
    this.#begin(request, flow, { id, dialog });
  }

  #begin(request: SipRequest, flow: Flow, { id, dialog }: { id: string; dialog: Dialog | undefined }): void {
    const { transactions, timers, counters } = this.#core;
    const key = clientKey(essentials(request));
    const silence = this.#watchSilence(flow);
    const user: ClientUser = {
      onResponse: (response) => this.#onResponse(outgoing, response),
      onTimeout: () => {
        counters.add('requests_timed_out');
        this.#deliver(outgoing, madeHere(request, 408, 'timeout'));
      },
      onEnd: () => {
        silence?.cancel();
        outgoing.patience?.cancel();
        transactions.clients.delete(key);
        this.#outgoing.delete(id);
      },
    };
    const Kind = request.method === 'INVITE' ? InviteClientTransaction : NonInviteClientTransaction;
    const transaction: ClientTransaction = new Kind({ request, flow, timers }, user);
    const dialogId = dialog?.id ?? (makesDialog(request) ? dialogIdOfRequest(request) : '');
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
    };
    if (id !== '') this.#outgoing.set(id, outgoing);
    transactions.clients.set(key, transaction);
    counters.add('requests_sent');
    transaction.start();
    flow.expectAnswer?.();
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
    if (formsDialog(request, response)) this.#follow(outgoing, response);
    this.#deliver(outgoing, response);
    if (response.status < 200) this.#onProvisional(outgoing);
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
    const { request, flow, id, dialogId, cancel } = outgoing;
    const { dialog } = outgoing;
    if (response.status >= 200) {
      outgoing.isFinal = true;
      outgoing.patience?.cancel();
      if (dialog !== undefined) settleDialog(this.#core, dialog, { request, response });
    }
    if (dialog !== undefined && request.method === 'INVITE' && isSuccess(response)) {
      const cseq = parseCSeq(headerValue(request, 'CSeq') ?? '').number;
      dialog.answer = { cseq, isCancelled: cancel !== 'none', ack: undefined };
    }
    if (id !== '') {
      this.#core.application.onResponse({
        response,
        flow,
        transactionId: id,
        dialogId: dialog?.id ?? dialogId,
      });
    }
  }

  #acknowledge(dialog: Dialog, given: SipRequest): Outcome {
    const { answer } = dialog;
    if (answer === undefined || answer.ack !== undefined) {
      return refused('ACK for non-success final response is automatically generated by server');
    }
    const flow = flowIn(dialog);
    const request = composeRequest(given, addressingIn(dialog, answer.cseq), flow);
    answer.ack = encodeSipMessage(request);
    flow.send(answer.ack);
    if (answer.isCancelled) {
      setImmediate(() => {
        if (this.#core.dialogs.byId(dialog.id) === dialog) this.hangUp(dialog, 'cancelled');
      });
    }
    return { kind: 'sent', message: request, flow, transactionId: randomUUID(), dialogId: dialog.id };
  }

  /** The 2xx came again: so does its ACK. One from another branch of a fork is acknowledged and hung up (section 13.2.2.4). */
  #onRepeatedSuccess({ request, flow, dialog }: Outgoing, response: SipResponse): void {
    if (dialog?.remoteTag === tagOf(headerValue(response, 'To') ?? '')) {
      const { answer } = dialog ?? {};
      const isCurrent = headerValue(request, 'CSeq') === `${answer?.cseq} INVITE`;
      if (dialog !== undefined && isCurrent && answer?.ack !== undefined) flowIn(dialog).send(answer.ack);
      return;
    }
    this.#core.counters.add('forked_answers_hung_up');
    const { ack, bye, via } = refusedFork(request, response, flow);
    via.send(encodeSipMessage(ack));
    this.#begin(bye, via, { id: '', dialog: undefined });
  }

  #cancel(transactionId: string): Outcome {
    const outgoing = this.#outgoing.get(transactionId);
    if (outgoing === undefined || outgoing.isFinal || outgoing.request.method !== 'INVITE') {
      return refused('no INVITE to cancel');
    }
    if (outgoing.hasProvisional) this.#sendCancel(outgoing);
    else outgoing.cancel = 'wanted';
    const message = cancelFor(outgoing.request);
    return {
      kind: 'sent',
      message,
      flow: outgoing.flow,
      transactionId: randomUUID(),
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
    this.#begin(cancelFor(outgoing.request), outgoing.flow, { id: '', dialog: undefined });
  }
}
