/**
 * The agent of drachtio-srf for an engine in the same process. Requests, responses and handlers are the library's own; what its own agent
 * would write into control frames, and read from them, goes from hand to hand here.
 */
import library from 'drachtio-srf/lib/connect.js';
import LibrarySipMessage from 'drachtio-srf/lib/sip-parser/message.js';
import {
  isRequest,
  parseStartLine,
  type SipHeader,
  type SipMessage,
  type SipRequest,
} from '../protocol/sip-message.ts';
import { flowHeader } from './engine/compose.ts';
import type { Application, Command, Outcome, RequestEvent, ResponseEvent } from './engine/core.ts';
import type { Flow, HostPort } from './engine/flow.ts';
import type { Orders } from './engine/orders.ts';
import type {
  Library,
  LibraryContent,
  LibraryMessage,
  LibraryRequest,
  LibraryResponse,
  LibraryText,
} from './srf-library.ts';

/** As the library gives it to its agent. */
interface RequestOptions extends LibraryContent {
  readonly method: string;
  readonly uri: string;
  readonly proxy?: string;
  readonly stackDialogId?: string;
  /** Of the INVITE that a CANCEL is for. */
  readonly stackTxnId?: string;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** With what only its agent knows of it. */
interface AgentRequest extends Writable<LibraryRequest> {
  readonly uri: string;
  msg: object;
  agent: Application;
  stackTxnId: string;
  res: LibraryResponse;
  emit(event: 'cancel' | 'response', ...of: unknown[]): void;
}

interface AgentResponse extends Writable<LibraryResponse> {
  req: AgentRequest;
  status: number;
  reason: string;
  sendAck(dialogId: string, content?: LibraryContent): void;
}

type OnSent = (error: unknown, request?: LibraryRequest) => void;
type OnAnswered = (error: unknown, sent?: LibraryText) => void;
type OnError = (error: unknown) => void;

const nothing = () => undefined;
const none = new Uint8Array();
const encoder = new TextEncoder();

/** What the application asks of the library goes to the engine from now on, and what the engine says to the library's handlers. */
export function joinLibrary({ app }: Library, orders: Orders, onError: OnError): Application {
  const agent = new LibraryAgent(app, orders, onError);
  app.request = (_uri, options, onSent) => agent.request(options as unknown as RequestOptions, onSent);
  return agent;
}

class LibraryAgent implements Application {
  readonly isReady = true;
  readonly #app: Library['app'];
  readonly #orders: Orders;
  readonly #onError: OnError;
  /** INVITEs from the network without a final answer, by transaction. */
  readonly #invites = new Map<string, AgentRequest>();
  /** Requests of ours without one, by transaction. */
  readonly #asked = new Map<string, AgentRequest>();
  #told: (() => void)[] = [];

  constructor(app: Library['app'], orders: Orders, onError: OnError) {
    this.#app = app;
    this.#orders = orders;
    this.#onError = onError;
  }

  /** Also what the library's `request.cancel` calls. */
  request(options: RequestOptions, onSent: OnSent = nothing): void {
    const { method, uri, proxy = '', stackDialogId = '', stackTxnId = '' } = options;
    const ids = { transactionId: stackTxnId, dialogId: stackDialogId, route: proxy };
    // Not before whoever asked is done.
    const reply = (outcome: Outcome) =>
      process.nextTick(() => this.#guard(() => this.#sent(outcome, onSent)));
    this.#send(`${method} ${uri} SIP/2.0`, options, { ids, reply });
  }

  /** What the library's `response.send` calls. */
  sendResponse(response: AgentResponse, content: LibraryContent, onAnswered?: OnAnswered): void {
    const { stackTxnId } = response.req;
    const outcome = this.#respond(response, stackTxnId, content);
    if (response.status >= 200) this.#invites.delete(stackTxnId);
    if (onAnswered === undefined) return;
    process.nextTick(() =>
      this.#guard(() => {
        if (outcome.kind === 'refused') {
          onAnswered(outcome.reason);
          return;
        }
        response.stackDialogId = outcome.dialogId;
        onAnswered(null, { given: outcome.message });
      }),
    );
  }

  /** What the library's `response.sendAck` calls. */
  sendAck(
    ...[method, dialogId, { uri }, , content = {}]: [
      string,
      string,
      AgentRequest,
      AgentResponse,
      LibraryContent?,
    ]
  ): void {
    const ids = { transactionId: '', dialogId, route: '' };
    this.#send(`${method} ${uri} SIP/2.0`, content, { ids, reply: nothing });
  }

  onRequest(event: RequestEvent): void {
    this.#tell(() => this.#onRequest(event));
  }

  onResponse(event: ResponseEvent): void {
    this.#tell(() => this.#onResponse(event));
  }

  #onRequest({ request, source, flow, transactionId, dialogId }: RequestEvent): void {
    const isOurs = source === 'application';
    if (!isOurs && request.method === 'CANCEL') {
      this.#invites.get(transactionId)?.emit('cancel', { given: request });
      this.#invites.delete(transactionId);
      return;
    }
    const headers = isOurs ? request.headers : [...request.headers, { name: flowHeader, value: flow.id }];
    const asked = this.#newRequest({ ...request, headers });
    place(asked, { source, flow, end: flow.remote });
    asked.stackTxnId = transactionId;
    asked.stackDialogId = dialogId;
    const response = new library.Response(this) as unknown as AgentResponse;
    asked.res = response;
    response.req = asked;
    // Nobody waits for an answer to what the engine itself sent.
    if (isOurs) response.send = nothing;
    if (!isOurs && request.method === 'INVITE') this.#invites.set(transactionId, asked);
    this.#app(asked, response);
  }

  #onResponse({ response: given, flow, transactionId, dialogId }: ResponseEvent): void {
    const asked = this.#asked.get(transactionId);
    if (asked === undefined) return;
    if (given.status >= 200) this.#asked.delete(transactionId);
    const response = new library.Response(this) as unknown as AgentResponse;
    response.req = asked;
    response.given = given;
    response.status = given.status;
    response.reason = given.reason;
    place(response, { source: 'network', flow, end: flow.remote });
    response.stackDialogId = dialogId;
    asked.emit('response', response, (content?: LibraryContent) => response.sendAck(dialogId, content));
  }

  #sent(outcome: Outcome, onSent: OnSent): void {
    if (outcome.kind === 'refused' || !isRequest(outcome.message)) {
      onSent(new Error(outcome.kind === 'refused' ? outcome.reason : 'not a request'));
      return;
    }
    const { message, flow, transactionId } = outcome;
    const request = this.#newRequest(message);
    place(request, { source: 'application', flow, end: flow.local });
    request.stackTxnId = transactionId;
    // The answer to a CANCEL concerns nobody.
    if (message.method !== 'CANCEL') this.#asked.set(transactionId, request);
    onSent(null, request);
  }

  #send(
    startLine: string,
    content: LibraryContent,
    { ids, reply }: { ids: Omit<Command, 'request'>; reply: (outcome: Outcome) => void },
  ): void {
    try {
      const request = messageOf(startLine, content);
      if (!isRequest(request)) throw new TypeError(`not a request: ${startLine}`);
      this.#orders.send({ request, ...ids }, reply);
    } catch (error) {
      reply(this.#orders.refuse(error));
    }
  }

  #respond({ status, reason }: AgentResponse, transactionId: string, content: LibraryContent): Outcome {
    try {
      const response = messageOf(`SIP/2.0 ${status} ${reason}`, content);
      if (isRequest(response)) throw new TypeError(`not a response: ${status}`);
      return this.#orders.respond(transactionId, response);
    } catch (error) {
      return this.#orders.refuse(error);
    }
  }

  #newRequest(given: SipRequest): AgentRequest {
    const request = new library.Request() as unknown as AgentRequest;
    const { method, uri } = given;
    request.msg = Object.assign(new LibrarySipMessage(), { method, uri });
    request.given = given;
    request.agent = this;
    return request;
  }

  /** The engine may be in the middle of something: whoever is told hears of it in a turn of his own. */
  #tell(event: () => void): void {
    if (this.#told.length === 0) setImmediate(() => this.#flush());
    this.#told.push(event);
  }

  #flush(): void {
    const told = this.#told;
    this.#told = [];
    for (const event of told) this.#guard(event);
  }

  #guard(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** Throws SipSyntaxError for what would not be one start line. */
function messageOf(startLine: string, { headers = {}, body }: LibraryContent): SipMessage {
  return {
    ...parseStartLine(startLine),
    headers: Object.entries(headers).map(([name, value]): SipHeader => ({ name, value })),
    body: body === undefined ? none : encoder.encode(body),
  };
}

/** The library's names for where a message came from, or for our own end of a request that we sent. */
function place(
  message: Writable<LibraryMessage>,
  { source, flow, end }: { source: LibraryMessage['source']; flow: Flow; end: HostPort },
): void {
  message.source = source;
  message.source_address = end.address;
  message.source_port = end.port;
  message.protocol = flow.transport;
}
