/**
 * drachtio-srf as this application uses it: requests in and out with their own header lines, every handler guarded, every wait
 * bounded. Of the library's dialogs nothing is used: it takes some requests for itself, and loses count after a refused re-INVITE.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Srf from 'drachtio-srf';
import { listenUnix } from '../net/tcp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { World } from '../world.ts';
import { tagHeader } from './engine/compose.ts';
import { startEngine, type Engine, type EngineOptions } from './engine/engine.ts';
import { startExternalServer, type ExternalServerOptions } from './external-server.ts';
import type { Transport } from './engine/flow.ts';
import { TimerQueue } from './engine/timers.ts';
import { joinLibrary } from './library-agent.ts';
import { contentFor, engineMs, inTime, readMessage } from './srf-library.ts';
import type { Library, LibraryRequest, LibraryResponse, LibraryText, OnRequest } from './srf-library.ts';
import { send } from './srf-send.ts';

/** A request that came. */
export interface Incoming {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
  /** `in:<transport>:<ip>:<port>` from a phone, else the name that we gave to a connection upstream. */
  readonly flow: string;
  readonly transport: Transport;
  /** `ip:port` of the sender. */
  readonly source: string;
  /** Set inside a dialog. */
  readonly dialogId: string | undefined;
  /** Made by the engine, such as the BYE after a 200 that nobody acknowledged: needs no answer. */
  readonly isLocal: boolean;
  /**
   * `onDialog` is told the dialog that a 2xx makes, and the response as sent, before anything else can come in it. With it: false
   * when it could not be sent, because the request was cancelled or its connection is gone. Without it nobody waits: true.
   */
  respond(answer: Answer, onDialog?: OnDialog): Promise<boolean>;
  /** Called once, at once if it is cancelled already. */
  onCancel(listener: (headers: readonly SipHeader[]) => void): void;
}

export type OnDialog = (dialogId: string, sent: { readonly headers: readonly SipHeader[] }) => void;

export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
  /** Ours in To, for one of several far ends that we speak for; the engine's own when left out. */
  readonly ourTag?: string | undefined;
}

/** A request to send: `uri` and `route` outside a dialog, `dialogId` inside. */
export interface Outgoing {
  readonly method: string;
  readonly uri?: string;
  readonly route?: string;
  readonly dialogId?: string;
  readonly headers: readonly SipHeader[];
  readonly body?: string;
}

/** A response that came. */
export interface Received {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
  readonly dialogId: string | undefined;
  /** Why the engine made this answer itself: nobody was reached. */
  readonly localCause: string | undefined;
  /** After a 2xx to INVITE. */
  ack(body?: { readonly type: string; readonly text: string }): void;
}

export interface Sent {
  /** Ours, on the connection that it was sent on. */
  readonly localAddress: string;
  /** The final response. Rejects when the engine gives none in time. */
  readonly final: Promise<Received>;
  cancel(headers?: readonly SipHeader[]): void;
}

export interface SipServer extends AsyncDisposable {
  readonly engine: Engine;
  /** For waits that nearly always end early: these cost less to take back than a sleep of the clock's. */
  readonly timers: TimerQueue;
  /** Rejects when the engine refuses the request as malformed. */
  send(request: Outgoing, listeners?: Listeners): Promise<Sent>;
}

/** Called at once, before anything else can come in the dialog that a response makes. */
export interface Listeners {
  /** On its way, with this Call-ID and number. */
  readonly onSent?: (callId: string, cseq: number) => void;
  readonly onProvisional?: (response: Received) => void;
  readonly onFinal?: (response: Received) => void;
}

interface Handlers {
  readonly onRequest: (request: Incoming) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The engine of this process is joined to us directly; a server elsewhere has a secret. */
export type ServerOptions =
  | Omit<EngineOptions, 'control' | 'secret' | 'join'>
  | (ExternalServerOptions & { readonly secret: string });

/** Throws when a port can't be had. */
export async function startSipServer(
  world: World,
  options: ServerOptions,
  handlers: Handlers,
): Promise<SipServer> {
  const srf = new Srf() as unknown as Library;
  const timers = new TimerQueue(world.clock, handlers.onError);
  srf.on('error', handlers.onError);
  const onRequest: OnRequest = (request, response) => {
    void guarded(handlers, () => incoming({ timers, onUpdate: onRequest }, request, response));
  };
  srf.use(onRequest);
  const engine =
    'server' in options
      ? await joinExternal(world, options, srf)
      : await startEngine(world, {
          ...options,
          join: (orders) => joinLibrary(srf, orders, handlers.onError),
        });
  return {
    engine,
    timers,
    send: (request, listeners = {}) => send({ timers, srf, onUpdate: onRequest }, request, listeners),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      timers[Symbol.dispose]();
    },
  };
}

/** The library waits for the server's connection on a Unix socket, which is gone with the server. */
async function joinExternal(
  world: World,
  options: ExternalServerOptions & { readonly secret: string },
  srf: Library,
): Promise<Engine> {
  mkdirSync(dirname(options.control), { recursive: true, mode: 0o700 });
  const control = await listenUnix(options.control);
  srf.listen({ server: control, secret: options.secret });
  const server = startExternalServer(world, options);
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      control.close();
    },
  };
}

/** Nothing that one request does ends the process. ACK takes no answer. */
async function guarded({ onRequest, onError }: Handlers, read: () => Incoming | undefined): Promise<void> {
  let request: Incoming | undefined;
  try {
    request = read();
    if (request !== undefined) await onRequest(request);
  } catch (error) {
    onError(error);
    if (request === undefined || request.method === 'ACK') return;
    await request.respond({ status: error instanceof DecodeError ? 400 : 500 });
  }
}

/** Undefined for what the engine should never have passed on. */
function incoming(
  { timers, onUpdate }: { timers: TimerQueue; onUpdate: OnRequest },
  request: LibraryRequest,
  response: LibraryResponse,
): Incoming | undefined {
  const message = readMessage(request);
  if (!('method' in message)) return undefined;
  let cancelled: readonly SipHeader[] | undefined;
  let onCancel: ((headers: readonly SipHeader[]) => void) | undefined;
  request.on('cancel', (cancel) => {
    cancelled = readHeaders(cancel);
    onCancel?.(cancelled);
  });
  if (message.method === 'INVITE') request.on('update', onUpdate);
  return {
    method: message.method,
    uri: message.uri,
    headers: message.headers,
    body: message.body,
    flow: headerValue(message, 'X-Gatehouse-Flow') ?? '',
    transport: request.protocol as Transport,
    source: `${request.source_address}:${request.source_port}`,
    dialogId: request.stackDialogId === '' ? undefined : request.stackDialogId,
    isLocal: request.source === 'application',
    respond: async (answer, onDialog) => {
      const sent = respond({ request, response }, answer, onDialog);
      if (onDialog === undefined) return await sent;
      // An engine that is gone says nothing: then nobody was answered.
      return await inTime(timers, sent, { ms: engineMs, what: 'a response to be sent' }).catch(() => false);
    },
    onCancel: (listener) => {
      onCancel = listener;
      if (cancelled !== undefined) listener(cancelled);
    },
  };
}

/** Of a CANCEL, which ends the attempt whatever else is wrong with it. */
function readHeaders(cancel: LibraryText): readonly SipHeader[] {
  try {
    return readMessage(cancel).headers;
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}

interface Pair {
  readonly request: LibraryRequest;
  readonly response: LibraryResponse;
}

const wordless = { toJSON: () => '', toString: () => '' };

async function respond(
  { request, response }: Pair,
  { status, reason, headers = [], body, ourTag }: Answer,
  onDialog?: OnDialog,
): Promise<boolean> {
  if (request.source === 'application') return false;
  // The library takes a tag in To for that of all answers that follow; a server elsewhere would pass our field on.
  const isKnown = ourTag !== undefined && request.given !== undefined;
  const tag = isKnown ? [{ name: tagHeader, value: ourTag }] : [];
  const options = contentFor([...tag, ...headers], body);
  // The library puts each answer into words, all of it and twice, for a log that nobody reads.
  Object.assign(response.msg ?? {}, wordless);
  const send = (done?: (error: unknown, sent?: LibraryText) => void) => {
    try {
      response.send(status, reason, options, done);
    } catch {
      // A status that the library doesn't know; x00 of its class means the same to the receiver (RFC 3261 section 8.1.3.2).
      response.send(Math.floor(status / 100) * 100, reason, options, done);
    }
  };
  if (onDialog === undefined) {
    send();
    return true;
  }
  return await new Promise((resolve) => {
    send((error, sent) => {
      const isSent = error === null || error === undefined;
      if (isSent && sent !== undefined && response.stackDialogId !== undefined)
        onDialog(response.stackDialogId, readMessage(sent));
      resolve(isSent);
    });
  });
}
