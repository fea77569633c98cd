/** Requests from the network: what the stack answers by itself (RFC 3261 sections 8.2, 9.2, 12.2.2, 13.3), the rest for the application. */
import type { Essentials } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { Answers } from './answers.ts';
import { farEnd } from './branches.ts';
import { composeResponse, newTag, plainResponse } from './compose.ts';
import { Copies } from './copies.ts';
import type { Core, Outcome } from './core.ts';
import type { Dialog } from './dialog.ts';
import { isSameParty, type Flow } from './flow.ts';
import { completed, IncomingRequests, requestEvent, type Incoming } from './incoming.ts';
import { keptText } from './kept-bytes.ts';
import { randomName } from './random-name.ts';
import { dialogRefusal, isOfScanner, knownMethods, refusal } from './request-checks.ts';
import {
  InviteServerTransaction,
  NonInviteServerTransaction,
  type ServerTransaction,
} from './server-transaction.ts';
import { makeRoom, serverKey } from './transactions.ts';
import { WaitingCalls } from './waiting-calls.ts';

const maxTransactions = 50_000;

export interface Received {
  readonly request: SipRequest;
  readonly essentials: Essentials;
  readonly flow: Flow;
}

export class ServerSide {
  readonly #core: Core;
  readonly #incoming = new IncomingRequests();
  readonly #waiting = new WaitingCalls();
  readonly #copies = new Copies();
  readonly #answers: Answers;

  /** `hangUp` ends a dialog by a BYE of ours and tells the application. */
  constructor(core: Core, hangUp: (dialog: Dialog, reason: string) => void) {
    this.#core = core;
    this.#answers = new Answers({ core, incoming: this.#incoming, waiting: this.#waiting, hangUp });
  }

  receive(received: Received): void {
    const { request, essentials, flow } = received;
    const { counters, transactions } = this.#core;
    counters.add('requests_received');
    if (isOfScanner(request)) {
      counters.add('scanners_dropped');
      return;
    }
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
    if (transactions.servers.size >= maxTransactions && !makeRoom(transactions)) {
      counters.add('requests_over_limit');
      this.#answerStateless(received, 503, 'Service Unavailable');
      return;
    }
    this.#begin(received, keptText(key));
  }

  respond(transactionId: string, given: SipResponse): Outcome {
    return this.#answers.respond(transactionId, given);
  }

  /** Nobody can be answered over a connection that is gone: INVITEs from there are over. */
  flowLost(flow: Flow): void {
    for (const invite of this.#incoming.waitingInvites((one) => one.flow === flow)) {
      this.#answers.giveUp(invite, plainResponse(487, 'Request Terminated'));
    }
  }

  #begin({ request, essentials, flow }: Received, key: string): void {
    const isInvite = request.method === 'INVITE';
    const localTag = essentials.toTag === undefined ? newTag() : keptText(essentials.toTag);
    const copyName = this.#copies.name({ request, essentials, flow });
    const transaction = this.#newTransaction(request.method, { key, flow, localTag, copyName });
    const incoming: Incoming = {
      id: randomName(),
      request,
      flow,
      transaction,
      cseq: essentials.cseq.number,
      fromTag: essentials.fromTag,
      localTag,
      begun: new Map(),
      callId: isInvite ? this.#waiting.take(essentials.callId) : essentials.callId,
      dialog: undefined,
      deadline: undefined,
      again: undefined,
    };
    this.#incoming.add(incoming);
    if (isInvite) transaction.respond(completed(incoming, plainResponse(100, 'Trying')));
    if (request.method === 'PRACK' && this.#core.latePracks.takes(request, essentials)) {
      this.#answers.refuse(incoming, plainResponse(200, 'OK'));
      return;
    }
    const isEarly = request.method === 'NOTIFY' && this.#core.dialogs.for(essentials) === undefined;
    const goOn = () => this.#admit(incoming, essentials, copyName);
    if (!isEarly || !this.#core.earlyNotifies.hold(essentials, goOn)) goOn();
  }

  /** Apart from whoever knows the request: what is called when it ends is kept as long, and all that stands beside it. */
  #newTransaction(
    method: string,
    {
      key,
      flow,
      localTag,
      copyName,
    }: { key: string; flow: Flow; localTag: string; copyName: string | undefined },
  ): ServerTransaction {
    const { transactions, timers, counters } = this.#core;
    const Kind = method === 'INVITE' ? InviteServerTransaction : NonInviteServerTransaction;
    const transaction: ServerTransaction = new Kind(
      { flow, localTag, timers },
      {
        onTimeout: () => counters.add('refusals_not_acknowledged'),
        onEnd: () => {
          transactions.servers.delete(key);
          this.#incoming.forget(transaction);
          if (copyName !== undefined) this.#copies.forget(copyName, transaction);
        },
      },
    );
    transactions.servers.set(key, transaction);
    return transaction;
  }

  #admit(incoming: Incoming, essentials: Essentials, copyName: string | undefined): void {
    const { request, transaction } = incoming;
    const isCopy = copyName !== undefined && this.#copies.isOne(copyName, transaction);
    const refusedWith = isCopy
      ? plainResponse(482, 'Loop Detected')
      : (this.#enterDialog(incoming, essentials) ??
        refusal(request, essentials, this.#core.application.isReady));
    if (refusedWith !== undefined) {
      this.#core.counters.add('requests_refused');
      this.#answers.refuse(incoming, refusedWith);
      return;
    }
    this.#answers.await(incoming);
    this.#core.application.onRequest(requestEvent(incoming));
  }

  /** Finds the dialog of a request that has a To tag, and says how it is refused when that isn't possible. */
  #enterDialog(incoming: Incoming, essentials: Essentials): SipResponse | undefined {
    const { request, flow, cseq, fromTag } = incoming;
    if (essentials.toTag === undefined || !knownMethods.has(request.method)) return undefined;
    const dialog = this.#core.dialogs.for(essentials);
    const refusedWith = dialogRefusal(incoming, dialog);
    if (dialog === undefined || refusedWith !== undefined) return refusedWith;
    if (request.method === 'INVITE') dialog.openInvite = 'theirs';
    const end = farEnd(dialog, fromTag);
    if (end !== undefined) end.remoteCseq = cseq;
    if (end !== undefined && request.method === 'UPDATE') end.openUpdates.theirs += 1;
    dialog.flow = flow;
    incoming.dialog = dialog;
    return undefined;
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
    awaited.onAck?.();
  }

  /** Section 9.2: 200 to the CANCEL, 487 to an INVITE that begins a call, and the application hears of it afterwards. */
  #cancel(received: Received, key: string): void {
    const transaction = this.#core.transactions.servers.get(key);
    if (transaction === undefined) {
      this.#answerStateless(received, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    const { request, flow } = received;
    const { localTag: toTag, isAnswered } = transaction;
    flow.send(encodeSipMessage(composeResponse(plainResponse(200, 'OK'), request, { flow, toTag })));
    const incoming = isAnswered ? undefined : this.#incoming.of(transaction);
    if (incoming === undefined) return;
    // A change may be made already at the far end: only the application can say.
    if (incoming.dialog?.isConfirmed === true)
      this.#core.application.onRequest(requestEvent(incoming, request));
    else this.#answers.giveUp(incoming, plainResponse(487, 'Request Terminated'), request);
  }

  #answerStateless({ request, flow, essentials }: Received, status: number, reason: string): void {
    const toTag = essentials.toTag ?? newTag();
    flow.send(encodeSipMessage(composeResponse(plainResponse(status, reason), request, { flow, toTag })));
  }
}
