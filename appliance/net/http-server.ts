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
import { headerPairs, type Header } from './http-upstream.ts';
import { boundedBody, discard, hasBody, RequestBodyError } from './request-body.ts';
import { shareConnections } from './shared-connections.ts';
import { plainAddress } from './tcp.ts';
import type { TlsIdentity } from './tls.ts';

export interface HttpRequest {
  readonly isSecure: boolean;
  readonly method: string;
  /** Raw, as in the request line. */
  readonly target: string;
  readonly headers: readonly Header[];
  /** IPv4 text. */
  readonly remoteAddress: string;
  /** Of ours, that the peer has connected to. */
  readonly localAddress: string;
  /** Of a PUT, at most as long as allowed; of other methods it is empty. Throws a RequestBodyError. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  /** In the place of `body`, for what is too large for memory. */
  readonly stream?: BodyStream;
  /** Of the body that a GET would get, in the answer to a HEAD. */
  readonly length?: number | 'unknown';
}

/** Disposed when all is sent, or the peer has gone, or it was not wanted. A throw while it is read cuts the connection. */
export interface BodyStream extends Disposable {
  /** Bytes; as many as `chunks` has. Undefined: not known before its end. */
  readonly length: number | undefined;
  /** The next one is asked for when the last one has left: its memory may be used again. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  /** Connections cut for breaking HTTP, TLS or a limit, since start. */
  readonly refused: () => number;
}

interface ListenOptions {
  /** What to bind to, or a socket that was handed over. */
  readonly on: { readonly address: string; readonly port: number } | { readonly fd: number };
  /** What a new connection is shown, by the address of ours that it came to. Undefined: plain HTTP. */
  readonly identity?: (localAddress: string) => TlsIdentity;
  /** Of a request; more is a 413. */
  readonly mostBodyBytes: number;
  /** How long a request's head may take. */
  readonly headMs?: number;
  /** How long nothing may move on a connection. */
  readonly idleMs?: number;
  /** This address is a phone's: half of the connections are kept for these. */
  readonly isKnown?: (address: string) => boolean;
  /** Must not reject but with what reading the body throws; what it throws all the same is a 500. */
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
/** Each ends at once; only a flood between two turns of the event loop gets so far. */
const mostBeyond = 128;
const perAddress = { mostPerAddress: 128, fewPerAddress: 16 };
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
  const secure =
    options.identity &&
    createHttps({ ...bounds, minVersion: 'TLSv1.2', handshakeTimeout: handshakeMs }, serve);
  if (secure !== undefined && options.identity !== undefined) showByAddress(secure, options.identity);
  const server: Server | HttpsServer = secure ?? createHttp(bounds, serve);
  let refused = 0;
  // A phone that has said all it has to say still waits for its answer. Node has the property and does not list it.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxRequestsPerSocket = mostRequestsPerConnection;
  server.maxConnections = mostConnections + mostBeyond;
  server.setTimeout(options.idleMs ?? idleMs);
  server.on('drop', () => (refused += 1));
  server.on('tlsClientError', () => (refused += 1));
  server.on('clientError', (_, socket) => {
    refused += 1;
    if (!socket.writable) socket.destroy();
    else socket.end(badRequest(), () => socket.destroy());
  });
  const { isKnown = () => false } = options;
  shareConnections(server, { most: mostConnections, ...perAddress, isKnown }, () => (refused += 1));
  server.listen(
    'fd' in options.on ? { fd: options.on.fd } : { host: options.on.address, port: options.on.port },
  );
  await once(server, 'listening');
  server.on('error', options.onError);
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : 0,
    refused: () => refused,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Every answer says when it was made (RFC 9110, 6.6.1); Node says it in all others, unless the handler did. */
function badRequest(): string {
  const date = new Date().toUTCString();
  return `HTTP/1.1 400 Bad Request\r\nDate: ${date}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** Before Node begins the handshake of a connection: without a server name, nothing later tells them apart. */
function showByAddress(server: HttpsServer, identityOf: (localAddress: string) => TlsIdentity): void {
  let shown: TlsIdentity | undefined;
  server.prependListener('connection', ({ localAddress }: Socket) => {
    const identity = identityOf(plainAddress(localAddress));
    if (identity === shown) return;
    shown = identity;
    server.setSecureContext({ key: identity.key, cert: identity.cert, minVersion: 'TLSv1.2' });
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
  const body = boundedBody(request as AsyncIterable<Buffer>, options.mostBodyBytes);
  try {
    const headers = headerPairs(request.rawHeaders);
    if (request.method !== 'PUT' && hasBody(headers)) await discard(body);
    const answer = await options.handle({
      isSecure: options.identity !== undefined,
      method: request.method ?? '',
      target: request.url ?? '',
      headers,
      remoteAddress: plainAddress(request.socket.remoteAddress),
      localAddress: plainAddress(request.socket.localAddress),
      body,
    });
    if (request.method === 'PUT') await discard(body);
    if (answer.stream === undefined) send(response, answer, request.method === 'HEAD');
    else await sendStream(response, answer, answer.stream);
  } catch (error) {
    if (error instanceof RequestBodyError) {
      // Cut off there is nobody to answer.
      send(response, tooLarge, false);
      return;
    }
    options.onError(error);
    if (!response.headersSent) send(response, { status: 500, headers: [], body: Buffer.alloc(0) }, false);
    else response.destroy();
  }
}

/** As fast as the peer takes it: one chunk waits in memory. A peer that goes away in the middle is no error of ours. */
async function sendStream(
  response: ServerResponse,
  { status, headers }: HttpAnswer,
  stream: BodyStream,
): Promise<void> {
  using body = stream;
  response.writeHead(status, withLength(headers, body.length));
  for await (const chunk of body.chunks) if (!(await hasLeft(response, chunk))) return;
  response.end();
}

/** False: the peer is gone. */
async function hasLeft(response: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  if (response.closed) return false;
  return await new Promise<boolean>((resolve) => {
    const onClose = () => resolve(false);
    response.once('close', onClose);
    response.write(chunk, (error) => {
      response.off('close', onClose);
      resolve(error === undefined || error === null);
    });
  });
}

function send(response: ServerResponse, answer: HttpAnswer, isHead: boolean): void {
  const { status, headers, body } = answer;
  // Where no body may be, its length would be said of the one that a 200 has (RFC 9110, 8.6).
  const { length = status === 204 || status === 304 ? 'unknown' : body.length } = answer;
  response.writeHead(status, withLength(headers, length === 'unknown' ? undefined : length));
  response.end(isHead ? undefined : body);
}

function withLength(headers: readonly Header[], length: number | undefined): string[] {
  return [...headers, ...(length === undefined ? [] : [['Content-Length', String(length)]])].flat();
}
