/**
 * One HTTP request to a server above us, as raw as Node allows: target and headers go out as they are given, in their
 * order and case. A connection of its own and no retry unless it is said otherwise, no redirect followed, and an end to how
 * long and how much.
 */
import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { trustIn } from './upstream-trust.ts';

export type { LookupFunction } from 'node:net';

export type Header = readonly [name: string, value: string];

export interface UpstreamRequest {
  readonly scheme: 'http' | 'https';
  /** The name that DNS is asked for and that the certificate must be for. */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Request target, raw. */
  readonly target: string;
  readonly headers: readonly Header[];
  /** Its length is among the headers. */
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  /** How much longer the answer is waited for where the whole request had gone out in time. */
  readonly lateMs?: number;
  /** Of the body, after unpacking. */
  readonly mostBytes: number;
  /** PEM authorities for https. */
  readonly ca?: readonly string[];
  readonly lookup?: LookupFunction | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * The connection is one of these, and stays. For a request that may be repeated: one that met the end of a connection that
   * had been used before is sent once more, on one of its own (RFC 9112, 9.3.1).
   */
  readonly kept?: Agent | undefined;
}

/** A server's own word may be shorter; nothing hears of a way that was cut meanwhile. */
const keptIdleMs = 5000;

/** Of one scheme, one list of authorities and one way to look names up; `destroy` ends them. */
export function newKeptConnections(to: Omit<Way, 'host' | 'port'>): Agent {
  const agent = new Agent({ keepAlive: true, timeout: keptIdleMs, scheduling: 'lifo' });
  agent.createConnection = ({ host, port }) => connect({ ...to, host: host ?? '', port: Number(port) });
  return agent;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly reason: string;
  /** In the order and case of the wire; Content-Encoding is gone when it was undone. */
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

/**
 * `unreachable`: no answer came, and the phone may be served otherwise. `untrusted`: whoever answers is not the cloud.
 * `refused`: an answer came that must not be passed on. `busy`: it was not asked at all.
 * `client certificate`: it wants one, which only the phone has.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly kind: 'unreachable' | 'untrusted' | 'refused' | 'busy' | 'client certificate';
  /** The answer, where it may come still. */
  readonly late: Promise<UpstreamAnswer> | undefined;
  constructor(
    kind: UpstreamError['kind'],
    message: string,
    { cause, late }: { cause?: unknown; late?: Promise<UpstreamAnswer> } = {},
  ) {
    super(message, { cause });
    this.kind = kind;
    this.late = late;
  }
}

/** Rejects with an {@link UpstreamError}, and nothing else that a server or the way to it can cause. */
export async function askUpstream(asked: UpstreamRequest): Promise<UpstreamAnswer> {
  const { signal, timeoutMs } = asked;
  const { promise: timeOver, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  try {
    signal?.throwIfAborted();
    let request = openRequest(asked);
    const stop = () => request.destroy(new Error('stopped'));
    const head = answerOf(request).catch(async (error: unknown) => {
      if (!request.reusedSocket || !isEndOfConnection(error)) throw error;
      request = openRequest({ ...asked, kept: undefined });
      return answerOf(request);
    });
    // Not by the request's own `signal`: what Node does for that costs as much as the rest of this.
    signal?.addEventListener('abort', stop);
    const answer = wholeAnswer(head, asked).finally(() => {
      // A body that was too long goes on coming otherwise. A connection that is kept has left the request by then.
      request.destroy();
      signal?.removeEventListener('abort', stop);
    });
    const inTime = await Promise.race([answer, timeOver]);
    if (inTime !== undefined) return inTime;
    throw tooLate(asked, { answer, stop, isSent: request.writableFinished });
  } catch (error) {
    throw upstreamError(error, asked);
  } finally {
    clearTimeout(timer);
  }
}

interface Waiting {
  readonly answer: Promise<UpstreamAnswer>;
  readonly stop: () => void;
  /** The server may be at work on it. */
  readonly isSent: boolean;
}

function tooLate({ host, timeoutMs, lateMs = 0 }: UpstreamRequest, waiting: Waiting): UpstreamError {
  const { answer, stop, isSent } = waiting;
  const message = `${host}: no whole answer within ${timeoutMs} ms`;
  answer.catch(() => undefined);
  if (lateMs === 0 || !isSent) {
    stop();
    return new UpstreamError('unreachable', message);
  }
  const end = setTimeout(stop, lateMs);
  return new UpstreamError('unreachable', message, { late: answer.finally(() => clearTimeout(end)) });
}

/** Node's own word for an end before an answer is a reset as well. */
const isEndOfConnection = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

async function wholeAnswer(
  head: Promise<IncomingMessage>,
  { mostBytes }: Pick<UpstreamRequest, 'mostBytes'>,
): Promise<UpstreamAnswer> {
  const response = await head;
  const packed = await readBody(response, mostBytes);
  const headers = headerPairs(response.rawHeaders);
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    ...(await unpacked(headers, packed, mostBytes)),
  };
}

/** Sent; an error of it is the caller's. */
export function openRequest(asked: UpstreamRequest, signal?: AbortSignal): ClientRequest {
  const options: RequestOptions = {
    ...(asked.kept ? { agent: asked.kept } : { createConnection: () => connect(asked) }),
    host: asked.host,
    port: asked.port,
    method: asked.method,
    path: asked.target,
    // As a flat list Node sends them as they are and adds nothing but Connection.
    headers: asked.headers.flat(),
    setDefaultHeaders: false,
    maxHeaderSize: 16_384,
    ...(signal ? { signal } : {}),
  };
  // TLS, where it is wanted, is the connection's.
  const request = httpRequest(options);
  request.end(asked.body);
  return request;
}

type Way = Pick<UpstreamRequest, 'scheme' | 'host' | 'port' | 'ca' | 'lookup'>;

function connect({ scheme, host, port, ca, lookup }: Way): Socket {
  const to = { host, port, family: 4, ...(lookup ? { lookup } : {}) };
  if (scheme === 'http') return connectTcp(to);
  const { context, sessions } = trustIn(ca);
  const name = `${host}:${port}`;
  const session = sessions.get(name);
  return connectTls({
    ...to,
    servername: host,
    secureContext: context,
    ALPNProtocols: ['http/1.1'],
    ...(session ? { session } : {}),
  }).once('session', (fresh: Buffer) => sessions.set(name, fresh));
}

/** Its head. */
export async function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays: a late error after the answer has its own way through the body.
    request.on('error', reject);
    request.once('upgrade', () => reject(new Error('the server changed the protocol')));
  });
}

class TooLongError extends Error {}

/** By its events: an iterator of a stream costs a small answer as much as all else that reads it. */
async function readBody(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= mostBytes) chunks.push(chunk);
      else reject(new TooLongError(`more than ${mostBytes} bytes`));
    });
    response.on('error', reject);
    // Without an end where the connection was lost.
    response.on('end', resolve);
    response.on('close', resolve);
  });
  if (!response.complete) throw new Error('the answer was cut short');
  return Buffer.concat(chunks);
}

/** We ask for no compression; a server that packs all the same is understood as far as gzip. */
async function unpacked(
  headers: readonly Header[],
  body: Buffer,
  mostBytes: number,
): Promise<{ headers: readonly Header[]; body: Buffer }> {
  const encoding = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .map(([, value]) => value.trim());
  const coded = encoding.filter((value) => value !== '' && value.toLowerCase() !== 'identity');
  if (coded.length === 0) return { headers, body };
  if (coded.length > 1 || !/^(?:x-)?gzip$/i.test(coded[0] ?? '')) {
    throw new UpstreamError('refused', `content coding "${coded.join(', ').slice(0, 40)}" is not understood`);
  }
  const plain = headers.filter(([name]) => name.toLowerCase() !== 'content-encoding');
  try {
    return {
      headers: plain,
      body: body.length === 0 ? body : await promisify(gunzip)(body, { maxOutputLength: mostBytes }),
    };
  } catch (error) {
    throw new UpstreamError('refused', 'the packed body is broken or too long', { cause: error });
  }
}

/** What a server or the way to it can cause. */
export function upstreamError(error: unknown, { host }: UpstreamRequest): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof TooLongError)
    return new UpstreamError('refused', `${host}: ${error.message}`, { cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // The first is TLS 1.3's own word (RFC 8446, 6.2); older servers end the handshake (RFC 5246, 7.2.2).
  if (
    /alert[_ ](?:certificate[_ ]required|handshake[_ ]failure|bad[_ ]certificate)/i.test(
      `${code} ${String(error)}`,
    )
  ) {
    return new UpstreamError('client certificate', `${host}: asks for a client certificate (${code})`, {
      cause: error,
    });
  }
  if (/^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/.test(code)) {
    return new UpstreamError('untrusted', `${host}: not trusted (${code})`, { cause: error });
  }
  if (code.startsWith('HPE_'))
    return new UpstreamError('refused', `${host}: not an HTTP answer (${code})`, { cause: error });
  return new UpstreamError('unreachable', `${host}: ${code === '' ? String(error) : code}`, { cause: error });
}

/** Node's flat `rawHeaders` as pairs. */
export function headerPairs(raw: readonly string[]): Header[] {
  return Array.from(
    { length: raw.length / 2 },
    (_, at) => [raw[at * 2] ?? '', raw[at * 2 + 1] ?? ''] as const,
  );
}
