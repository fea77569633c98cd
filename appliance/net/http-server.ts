/**
 * An HTTP or HTTPS listener for a hostile network: raw target and headers handed on, everything bounded in size, count
 * and time. A request that breaks HTTP never reaches the handler and never ends the server.
 */
import { once } from 'node:events';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { headerPairs, type Header } from './http-upstream.ts';
import { plainAddress } from './tcp.ts';

export interface HttpRequest {
  readonly isSecure: boolean;
  readonly method: string;
  /** Raw, as in the request line. */
  readonly target: string;
  readonly headers: readonly Header[];
  /** IPv4 text. */
  readonly remoteAddress: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  /** In the place of `body`, for what is too large for memory. */
  readonly stream?: BodyStream;
  /** Of the body that a GET would get, in the answer to a HEAD. */
  readonly length?: number;
}

/** Disposed when all is sent, or the peer has gone, or it was not wanted. A throw while it is read cuts the connection. */
export interface BodyStream extends Disposable {
  /** Bytes; as many as `chunks` has. */
  readonly length: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  /** Connections cut for breaking HTTP, TLS or a limit, since start. */
  readonly refused: () => number;
  /** A new certificate for new connections. */
  readonly setIdentity: (identity: { cert: string; key: string }) => void;
}

interface ListenOptions {
  /** What to bind to, or a socket that was handed over. */
  readonly on: { readonly address: string; readonly port: number } | { readonly fd: number };
  /** PEM; undefined: plain HTTP. */
  readonly identity?: { readonly cert: string; readonly key: string };
  /** Bodies of requests are read up to this and thrown away. */
  readonly mostBodyBytes: number;
  /** How long a request's head may take. */
  readonly headMs?: number;
  /** How long nothing may move on a connection. */
  readonly idleMs?: number;
  /** Must not reject; what it throws all the same is a 500. */
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly onError: (error: unknown) => void;
}

const limits: ServerOptions = {
  maxHeaderSize: 16_384,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  // Some old phones leave it out.
  requireHostHeader: false,
};
const mostConnections = 1024;
const mostConnectionsPerAddress = 16;
const mostRequestsPerConnection = 100;
const handshakeMs = 10_000;
const headMs = 10_000;
/** A head and a body: a log that a phone uploads. */
const requestMs = 30_000;
/** Longer than the longest wait for the cloud: who takes no byte of an answer for this long keeps others out. */
const idleMs = 150_000;

export async function listenHttp(options: ListenOptions): Promise<HttpListener> {
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(options, request, response);
  };
  const bounds = { ...limits, headersTimeout: options.headMs ?? headMs, requestTimeout: requestMs };
  const secure = options.identity
    ? createHttps(
        { ...bounds, ...options.identity, minVersion: 'TLSv1.2', handshakeTimeout: handshakeMs },
        serve,
      )
    : undefined;
  const server: Server | HttpsServer = secure ?? createHttp(bounds, serve);
  let refused = 0;
  server.maxRequestsPerSocket = mostRequestsPerConnection;
  server.maxConnections = mostConnections;
  server.setTimeout(options.idleMs ?? idleMs);
  server.on('drop', () => (refused += 1));
  server.on('tlsClientError', () => (refused += 1));
  server.on('clientError', (_, socket) => {
    refused += 1;
    if (!socket.writable) socket.destroy();
    else
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
        socket.destroy(),
      );
  });
  limitPerAddress(server, () => (refused += 1));
  server.listen(
    'fd' in options.on ? { fd: options.on.fd } : { host: options.on.address, port: options.on.port },
  );
  await once(server, 'listening');
  server.on('error', options.onError);
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : 0,
    refused: () => refused,
    setIdentity: (identity) => secure?.setSecureContext({ ...identity, minVersion: 'TLSv1.2' }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** One address must not take all connections from the others. */
function limitPerAddress(server: Server, onRefused: () => void): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > mostConnectionsPerAddress) {
      onRefused();
      socket.destroy();
    }
  });
}

const tooLarge: HttpAnswer = { status: 413, headers: [['Connection', 'close']], body: Buffer.alloc(0) };

async function answerRequest(
  options: ListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A phone that goes away in the middle is no error of ours.
  response.on('error', () => request.destroy());
  try {
    const isRead = await discardBody(request, options.mostBodyBytes);
    const answer = isRead
      ? await options.handle({
          isSecure: options.identity !== undefined,
          method: request.method ?? '',
          target: request.url ?? '',
          headers: headerPairs(request.rawHeaders),
          remoteAddress: plainAddress(request.socket.remoteAddress),
        })
      : tooLarge;
    if (answer.stream === undefined) send(response, answer, request.method === 'HEAD');
    else await sendStream(response, answer, answer.stream);
  } catch (error) {
    options.onError(error);
    if (!response.headersSent) send(response, { status: 500, headers: [], body: Buffer.alloc(0) }, false);
    else response.destroy();
  }
}

/** As fast as the peer takes it: no more than a few chunks wait in memory. */
async function sendStream(
  response: ServerResponse,
  { status, headers }: HttpAnswer,
  stream: BodyStream,
): Promise<void> {
  using body = stream;
  response.sendDate = false;
  response.writeHead(status, [...headers, ['Content-Length', String(body.length)]].flat());
  try {
    await pipeline(body.chunks, response);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // A peer that goes away in the middle is no error of ours.
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
  }
}

function send(response: ServerResponse, answer: HttpAnswer, isHead: boolean): void {
  const { status, headers, body, length = body.length } = answer;
  response.sendDate = false;
  response.writeHead(status, [...headers, ['Content-Length', String(length)]].flat());
  response.end(isHead ? undefined : body);
}

/** False when there is more than allowed, or the phone went away. */
async function discardBody(request: IncomingMessage, mostBytes: number): Promise<boolean> {
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > mostBytes) return false;
    }
    return true;
  } catch {
    // Cut off by the phone or by a timeout: there is nobody to answer.
    return false;
  }
}
