/** Orders of the application: each request is completed, given a flow and sent (RFC 3261 sections 8.1.1, 12.2.1). */
import { essentials, headerValue } from '../../protocol/sip-headers.ts';
import { DecodeError } from '../../protocol/bytes.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import {
  byeBecause,
  dialogIdOfRequest,
  givenCSeq,
  madeHere,
  makesDialog,
  newAddressing,
  addressingOf,
  nowhere,
} from './addressing.ts';
import { beginInvite, farEndFor } from './branches.ts';
import { composeRequest } from './compose.ts';
import { invitePending, refused, unknownDialog, type Command, type Core, type Outcome } from './core.ts';
import { addressingIn, dialogIdOf, flowIn, isOffer, noteDescription, type Dialog } from './dialog.ts';
import { oweUnheard, settleDialog } from './dialog-outcome.ts';
import type { Flow } from './flow.ts';
import { keptBytes } from './kept-bytes.ts';
import { randomName } from './random-name.ts';
import { revive } from './revive.ts';
import { parseRoute, RouteError, type Route } from './route.ts';
import type { OutgoingRequests, Use } from './outgoing-requests.ts';
import { inSession } from './session-timer.ts';
import { t2 } from './timer-values.ts';

export class ClientSide {
  readonly #core: Core;
  readonly #outgoing: OutgoingRequests;

  constructor(core: Core, outgoing: OutgoingRequests) {
    this.#core = core;
    this.#outgoing = outgoing;
  }

  /** `reply` is called once, before anything that the network says about the request. */
  async send(command: Command, reply: (outcome: Outcome) => void): Promise<void> {
    const { request, dialogId } = command;
    if (request.method === 'CANCEL') reply(this.#outgoing.cancel(command.transactionId));
    else if (dialogId !== '') this.#sendInDialog(command, reply);
    else if (request.method === 'ACK' || request.method === 'PRACK')
      reply(refused(`${request.method} outside a dialog`));
    else await this.#sendNew(command, reply);
  }

  /** A BYE of the stack's own. */
  hangUp(dialog: Dialog, reason: string): void {
    revive(this.#core, dialog);
    this.#core.dialogs.remove(dialog);
    const { request, flow } = this.#inDialog(dialog, byeBecause(reason));
    if (flow.isOpen) this.#sendBye(dialog, request, flow);
    else this.#core.owedByes.owe(dialog, request);
    this.#core.counters.add('hang_ups_by_engine');
    this.#core.application.onRequest({
      request,
      source: 'application',
      flow,
      transactionId: 'unsolicited',
      dialogId: dialog.id,
    });
  }

  /** Whoever is there again is told of calls that have ended meanwhile. */
  payByes(heardOn: Flow): void {
    const { owedByes, transport, counters } = this.#core;
    const isNext = (lost: Flow) => transport.order.isNext(heardOn, lost);
    for (const { dialog, bye, tried } of owedByes.due(heardOn, isNext)) {
      const lost = dialog.flow;
      dialog.flow = heardOn;
      const { request, flow } = this.#inDialog(dialog, bye);
      counters.add('byes_sent_late');
      const onFinal = (response: SipResponse) => {
        if (response.status !== 481 || heardOn.isOutbound)
          oweUnheard(this.#core, dialog, { request, response });
        else {
          dialog.flow = lost;
          owedByes.owe(dialog, bye, new Set([...tried, heardOn]));
        }
      };
      this.#outgoing.begin(request, flow, { id: '', dialog: undefined, onFinal });
    }
  }

  #sendBye(dialog: Dialog, request: SipRequest, flow: Flow): void {
    const onFinal = (response: SipResponse) => oweUnheard(this.#core, dialog, { request, response });
    this.#outgoing.begin(request, flow, { id: '', dialog: undefined, onFinal });
  }

  #inDialog(dialog: Dialog, given: SipRequest): { request: SipRequest; flow: Flow } {
    dialog.localCseq += 1;
    const flow = flowIn(dialog);
    return { request: composeRequest(given, addressingIn(dialog, dialog.localCseq), flow), flow };
  }

  async #sendNew({ request, route }: Command, reply: (outcome: Outcome) => void): Promise<void> {
    const { transport } = this.#core;
    const completed = (flow: Flow) => composeRequest(request, newAddressing(request, flow), flow);
    let flow: Flow;
    let way: Route;
    try {
      way = parseRoute(route === '' ? request.uri : route);
      flow = await transport.flowFor(way);
      if (flow.transport === 'udp')
        flow = await transport.flowOfSize(flow, encodeSipMessage(completed(flow)).length);
    } catch (error) {
      if (error instanceof DecodeError) reply(refused(`cannot route: ${error.message}`));
      else if (error instanceof RouteError) this.#fail({ given: request, error }, reply);
      else throw error;
      return;
    }
    const sent = completed(flow);
    const tried = [flow];
    this.#announce(
      { request: sent, flow, reply },
      {
        elsewhere: async () => {
          const other = await transport.nextFlow(way, tried);
          if (other === undefined) return undefined;
          tried.push(other);
          return { request: composeRequest(request, addressingOf(sent), other), flow: other };
        },
      },
    );
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
    }: { request: SipRequest; flow: Flow; dialogId: string; response: SipResponse },
    reply: (outcome: Outcome) => void,
  ): void {
    const transactionId = randomName();
    reply({ kind: 'sent', message: request, flow, transactionId, dialogId });
    setImmediate(() => this.#core.application.onResponse({ response, flow, transactionId, dialogId }));
  }

  #sendInDialog(command: Command, reply: (outcome: Outcome) => void): void {
    const { request: given, dialogId } = command;
    const dialog = this.#core.dialogs.byId(dialogId);
    if (dialog === undefined) reply(refused(unknownDialog));
    else if (given.method === 'ACK') reply(this.acknowledge(dialog, given));
    else if (given.method === 'INVITE' && dialog.openInvite !== undefined) reply(refused(invitePending));
    else if (given.method === 'BYE' && mustWait(dialog))
      this.#afterAck(dialog, () => this.#sendInDialog(command, reply));
    else {
      dialog.localCseq = Math.max(dialog.localCseq + 1, givenCSeq(given) ?? 0);
      revive(this.#core, dialog);
      const end = farEndFor(given, dialog);
      const to = end === dialog ? dialog : { ...dialog, ...end };
      const flow = flowIn(to);
      const request = composeRequest(inSession(given, dialog), addressingIn(to, dialog.localCseq), flow);
      if (given.method === 'INVITE') beginInvite(dialog);
      if (isOffer(request, 'UPDATE')) end.openUpdates.ours += 1;
      dialog.localContact = headerValue(request, 'Contact') ?? dialog.localContact;
      if (flow.isOpen) this.#announce({ request, flow, reply }, { dialog });
      else {
        const response = madeHere(request, 430, 'flow-failed');
        settleDialog(this.#core, dialog, { request, response });
        this.#standIn({ request, flow, dialogId, response }, reply);
      }
    }
  }

  /** Not for as long as the RFC says: there are those whose ACK never comes, and they are to hear of the end too. */
  #afterAck({ unacknowledged }: Dialog, send: () => void): void {
    if (unacknowledged === undefined) return;
    const late = this.#core.timers.after(t2, send);
    unacknowledged.onAck = () => {
      late.cancel();
      send();
    };
  }

  /** The reply comes first: drachtio-srf knows the transaction only after it. */
  #announce(
    { request, flow, reply }: { request: SipRequest; flow: Flow; reply: (outcome: Outcome) => void },
    { dialog, elsewhere }: { dialog?: Dialog; elsewhere?: Use['elsewhere'] },
  ): void {
    const id = randomName();
    // Throws before anything was promised.
    const fields = essentials(request);
    const dialogId = dialog?.id ?? (makesDialog(request) ? dialogIdOf(fields.callId, fields.fromTag) : '');
    reply({ kind: 'sent', message: request, flow, transactionId: id, dialogId });
    this.#outgoing.begin(request, flow, { id, dialog, fields, ...(elsewhere && { elsewhere }) });
  }

  /** The 2xx that the far end repeats until then. */
  acknowledge(dialog: Dialog, given: SipRequest): Outcome {
    const { answer } = dialog;
    if (answer === undefined || answer.ack !== undefined) {
      return refused('ACK for non-success final response is automatically generated by server');
    }
    revive(this.#core, dialog);
    const flow = flowIn(dialog);
    const ack = { ...given, headers: [...given.headers, ...answer.credentials] };
    answer.credentials = [];
    const request = composeRequest(ack, addressingIn(dialog, answer.cseq), flow);
    noteDescription(dialog, request);
    answer.ack = keptBytes(encodeSipMessage(request));
    flow.send(answer.ack);
    if (answer.isCancelled) {
      setImmediate(() => {
        if (this.#core.dialogs.byId(dialog.id) === dialog) this.hangUp(dialog, 'cancelled');
      });
    }
    return { kind: 'sent', message: request, flow, transactionId: randomName(), dialogId: dialog.id };
  }
}

/** Whoever answered hangs up once the caller knows of the answer (section 15): a BYE that came first would be for no call of his. */
function mustWait({ flow, unacknowledged }: Dialog): boolean {
  return flow.isOpen && unacknowledged !== undefined && unacknowledged.onAck === undefined;
}
