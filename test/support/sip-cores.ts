/** Two stacks with a network between them that loses what a test says, on a clock that stands still. */
import { pino } from 'pino';
import { essentials, headerValue } from '../../appliance/protocol/sip-headers.ts';
import {
  decodeSipMessage,
  isRequest,
  type SipHeader,
  type SipMessage,
  type SipRequest,
} from '../../appliance/protocol/sip-message.ts';
import { ClientSide } from '../../appliance/sip/engine/client-side.ts';
import { OutgoingRequests } from '../../appliance/sip/engine/outgoing-requests.ts';
import { plainResponse, stampedRequest } from '../../appliance/sip/engine/compose.ts';
import type { Outcome, RequestEvent, ResponseEvent } from '../../appliance/sip/engine/core.ts';
import { newCounters, type Counters } from '../../appliance/sip/engine/counters.ts';
import { Dialogs, type Dialog } from '../../appliance/sip/engine/dialog.ts';
import { EarlyNotifies } from '../../appliance/sip/engine/early-notifies.ts';
import { FlowOrder } from '../../appliance/sip/engine/flow-order.ts';
import { inboundFlowId, type Flow, type Transport } from '../../appliance/sip/engine/flow.ts';
import { OwedByes } from '../../appliance/sip/engine/owed-byes.ts';
import { LatePracks } from '../../appliance/sip/engine/reliable.ts';
import { ServerSide } from '../../appliance/sip/engine/server-side.ts';
import { SessionRefresh } from '../../appliance/sip/engine/session-refresh.ts';
import type { SessionDue } from '../../appliance/sip/engine/session-timer.ts';
import { TimerQueue } from '../../appliance/sip/engine/timers.ts';
import { newTransactions, type Transactions } from '../../appliance/sip/engine/transactions.ts';
import { fakeClock, type FakeClock } from './clock.ts';

export interface TestContent {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface TestCore {
  readonly requests: RequestEvent[];
  readonly responses: ResponseEvent[];
  readonly outgoing: OutgoingRequests;
  readonly client: ClientSide;
  readonly sessions: SessionRefresh;
  readonly server: ServerSide;
  readonly owedByes: OwedByes;
  readonly dialogs: Dialogs;
  readonly transactions: Transactions;
  readonly counters: Counters;
  readonly flow: Flow;
  /** Where its requests go; a test may put something else in the place of each. */
  readonly transport: { nextFlow(): Promise<Flow | undefined>; again(): Flow | undefined };
  /** `INVITE sip:peer` with these fields, outside a dialog unless one is named. */
  send(
    method: string,
    options?: TestContent & { dialogId?: string; transactionId?: string },
  ): Promise<Outcome>;
  answer(event: RequestEvent | undefined, status: number, content?: TestContent): Outcome;
}

export interface TestNetwork {
  readonly clock: FakeClock;
  readonly one: TestCore;
  readonly two: TestCore;
  /** What was put on the wire, lost or not: `one INVITE`, `two 200 INVITE`. */
  readonly wire: string[];
}

/** `isLost` is asked for every message with its place on the wire, from 0. */
export function newTestNetwork(
  transport: Transport,
  isLost: (line: string, at: number) => boolean = () => false,
): TestNetwork {
  const clock = fakeClock();
  const wire: string[] = [];
  const cores = new Map<string, TestCore>();
  const carry = (from: string, to: string) => (bytes: Uint8Array) => {
    const message = decodeSipMessage(bytes);
    const line = `${from} ${summary(message)}`;
    const at = wire.push(line) - 1;
    const peer = cores.get(to);
    if (peer !== undefined && !isLost(line, at)) deliver(peer, message);
  };
  const one = newTestCore(clock, newFlow(transport, 1, carry('one', 'two')));
  const two = newTestCore(clock, newFlow(transport, 2, carry('two', 'one')));
  cores.set('one', one);
  cores.set('two', two);
  return { clock, one, two, wire };
}

function newFlow(transport: Transport, own: 1 | 2, send: (bytes: Uint8Array) => void): Flow {
  const [local, remote] = own === 1 ? [1, 2] : [2, 1];
  const peer = { address: `10.0.0.${remote}`, port: 5060 };
  return {
    id: inboundFlowId(transport, peer),
    transport,
    local: { address: `10.0.0.${local}`, port: 5060 },
    remote: peer,
    isOutbound: false,
    isOpen: true,
    send,
  };
}

function newTestCore(clock: FakeClock, flow: Flow): TestCore {
  const requests: RequestEvent[] = [];
  const responses: ResponseEvent[] = [];
  const counters = newCounters();
  const dialogs = new Dialogs();
  const transactions = newTransactions();
  const timers = new TimerQueue(clock, (error) => {
    throw error;
  });
  const core = {
    log: pino({ level: 'silent' }),
    timers,
    counters,
    dialogs,
    latePracks: new LatePracks(timers),
    earlyNotifies: new EarlyNotifies(),
    owedByes: new OwedByes(timers),
    transactions,
    transport: {
      flowFor: async () => await Promise.resolve(flow),
      flowOfSize: async () => await Promise.resolve(flow),
      nextFlow: async (): Promise<Flow | undefined> => await Promise.resolve(undefined),
      again: (): Flow | undefined => undefined,
      order: new FlowOrder(),
      avoid: () => undefined,
      listening: [],
    },
    application: {
      isReady: true,
      onRequest: (event: RequestEvent) => void requests.push(event),
      onResponse: (event: ResponseEvent) => void responses.push(event),
    },
    onSession: (dialog: Dialog, due: SessionDue) => sessions.due(dialog, due),
  };
  const outgoing = new OutgoingRequests(core);
  const client = new ClientSide(core, outgoing);
  const sessions = new SessionRefresh(core, client, outgoing);
  const server = new ServerSide(core, (dialog, reason) => client.hangUp(dialog, reason));
  return {
    requests,
    responses,
    outgoing,
    client,
    sessions,
    server,
    owedByes: core.owedByes,
    dialogs,
    transactions,
    counters,
    flow,
    transport: core.transport,
    send: async (method, { dialogId = '', transactionId = '', headers = {}, body = '' } = {}) => {
      const request: SipRequest = {
        method,
        uri: 'sip:peer@10.0.0.9',
        headers: headerList(headers),
        body: Buffer.from(body),
      };
      return await new Promise((resolve, reject) => {
        client.send({ request, dialogId, transactionId, route: '' }, resolve).catch(reject);
      });
    },
    answer: (event, status, { headers = {}, body = '' } = {}) =>
      server.respond(event?.transactionId ?? '', {
        ...plainResponse(status, 'x', headerList(headers)),
        body: Buffer.from(body),
      }),
  };
}

function headerList(headers: Record<string, string>): SipHeader[] {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

function deliver(to: TestCore, message: SipMessage): void {
  const fields = essentials(message);
  if (!isRequest(message)) to.outgoing.receive(message, fields, to.flow);
  else to.server.receive({ request: stampedRequest(message, to.flow), essentials: fields, flow: to.flow });
}

function summary(message: SipMessage): string {
  if (isRequest(message)) return message.method;
  return `${message.status} ${(headerValue(message, 'CSeq') ?? '').replace(/^\d+ /, '')}`;
}
