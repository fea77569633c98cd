/** Transport, transactions and dialogs put together: where a received message goes first. */
import { essentials } from '../../protocol/sip-headers.ts';
import { decodeSipMessage, isRequest, SipSyntaxError } from '../../protocol/sip-message.ts';
import type { Clock, Logger } from '../../world.ts';
import { ClientSide } from './client-side.ts';
import { stampedRequest, withoutOurs } from './compose.ts';
import type { Application } from './core.ts';
import type { Counters } from './counters.ts';
import { Dialogs, type Dialog } from './dialog.ts';
import { dialogState, restoredDialog, type DialogState } from './dialog-state.ts';
import { EarlyNotifies } from './early-notifies.ts';
import type { Flow } from './flow.ts';
import { answerFlow, refusalOfBroken } from './malformed.ts';
import { newOrders, type Orders } from './orders.ts';
import { OutgoingRequests } from './outgoing-requests.ts';
import { OwedByes } from './owed-byes.ts';
import { LatePracks } from './reliable.ts';
import { ServerSide } from './server-side.ts';
import { SessionRefresh } from './session-refresh.ts';
import type { SessionDue } from './session-timer.ts';
import type { StreamFlow } from './stream-flow.ts';
import { TimerQueue } from './timers.ts';
import { newTransactions } from './transactions.ts';
import { TransportLayer, type TransportOptions } from './transport.ts';

export interface StackNeeds extends Omit<TransportOptions, 'timers'> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

export class Stack implements AsyncDisposable {
  readonly application: Application;
  readonly transport: TransportLayer;
  readonly lostListeners = new Set<(flow: string) => void>();
  readonly #needs: StackNeeds;
  readonly #timers: TimerQueue;
  readonly #transactions = newTransactions();
  readonly #dialogs = new Dialogs();
  readonly #owedByes: OwedByes;
  readonly #outgoing: OutgoingRequests;
  readonly #client: ClientSide;
  readonly #server: ServerSide;
  readonly #sessions: SessionRefresh;

  constructor(needs: StackNeeds, newApplication: (orders: Orders) => Application) {
    const { clock, log, counters } = needs;
    this.#needs = needs;
    this.#timers = new TimerQueue(clock, (error) => this.#report(error));
    this.#owedByes = new OwedByes(this.#timers);
    this.transport = new TransportLayer(
      { ...needs, timers: this.#timers },
      {
        onMessage: (bytes, flow) => this.#guard(() => this.#receive(bytes, flow)),
        onBroken: (bytes, flow, error) => this.#guard(() => this.#refuseBroken(bytes, flow, error)),
        onClosed: (flow) => this.#closed(flow),
      },
    );
    this.application = newApplication(
      newOrders({
        listening: () => this.transport.listening,
        send: async (command, reply) => await this.#client.send(command, reply),
        respond: (transactionId, response) => this.#server.respond(transactionId, response),
        log,
        counters,
      }),
    );
    const core = {
      log,
      counters,
      timers: this.#timers,
      transport: this.transport,
      transactions: this.#transactions,
      dialogs: this.#dialogs,
      latePracks: new LatePracks(this.#timers),
      earlyNotifies: new EarlyNotifies(),
      owedByes: this.#owedByes,
      application: this.application,
      onSession: (dialog: Dialog, due: SessionDue) => this.#sessions.due(dialog, due),
    };
    this.#outgoing = new OutgoingRequests(core);
    this.#client = new ClientSide(core, this.#outgoing);
    this.#sessions = new SessionRefresh(core, this.#client, this.#outgoing);
    this.#server = new ServerSide(core, (dialog, reason) => this.#client.hangUp(dialog, reason));
  }

  /** Undefined when it has ended. */
  dialogState(id: string): DialogState | undefined {
    const dialog = this.#dialogs.byId(id);
    return dialog && dialogState(dialog);
  }

  restoreDialog(state: DialogState): void {
    const dialog = restoredDialog(state);
    this.#dialogs.add(dialog);
    this.#sessions.resume(dialog, state);
  }

  announceDialog(id: string): void {
    const dialog = this.#dialogs.byId(id);
    if (dialog !== undefined) this.#sessions.announce(dialog);
  }

  relocateDialog(id: string): string | undefined {
    const dialog = this.#dialogs.byId(id);
    return dialog && this.#sessions.relocate(dialog);
  }

  /** Of the tables, now. */
  sizes(): Record<string, number> {
    return {
      open_connections: this.transport.connections,
      open_dialogs: this.#dialogs.size,
      open_owed_byes: this.#owedByes.size,
      open_client_transactions: this.#transactions.clients.size,
      open_server_transactions: this.#transactions.servers.size,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timers[Symbol.dispose]();
    await this.transport[Symbol.asyncDispose]();
  }

  #receive(bytes: Uint8Array, flow: Flow): void {
    try {
      const message = decodeSipMessage(bytes);
      const fields = essentials(message);
      if (this.#owedByes.size > 0) this.#client.payByes(flow);
      if (isRequest(message)) {
        const request = stampedRequest(message, flow, fields.via);
        this.#server.receive({ request, essentials: fields, flow: answerFlow(fields.via, flow) });
      } else this.#outgoing.receive({ ...message, headers: withoutOurs(message.headers) }, fields, flow);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      this.#refuseBroken(bytes, flow, error);
    }
  }

  #refuseBroken(bytes: Uint8Array, flow: Flow, error: SipSyntaxError): void {
    this.#needs.counters.add('messages_malformed');
    this.#needs.log.debug({ reason: error.message, flow: flow.id }, 'malformed SIP message');
    const answer = refusalOfBroken(bytes, flow, error);
    answer?.flow.send(answer.bytes);
  }

  #closed(flow: StreamFlow): void {
    this.#guard(() => this.#outgoing.flowLost(flow));
    this.#guard(() => this.#server.flowLost(flow));
    if (flow.isDropped) return;
    for (const listener of this.lostListeners) this.#guard(() => listener(flow.id));
  }

  /** One message that fails for a reason we didn't think of must not end the part. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#needs.counters.add('errors');
    this.#needs.log.error({ err: error }, 'a SIP message failed');
  }
}
