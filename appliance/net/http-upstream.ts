/**
 * One HTTP request to a server above us, as raw as Node allows: target and headers go out as they are given, in their
 * order and case. A connection of its own, no retry, no redirect followed, and an end to how long and how much.
 */
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
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
  const stop = new AbortController();
  const signal = asked.signal ? AbortSignal.any([asked.signal, stop.signal]) : stop.signal;
  const { promise: timeOver, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), asked.timeoutMs);
  try {
    const request = openRequest(asked, signal);
    const answer = wholeAnswer(request, asked);
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
  readonly stop: AbortController;
  /** The server may be at work on it. */
  readonly isSent: boolean;
}

function tooLate({ host, timeoutMs, lateMs = 0 }: UpstreamRequest, waiting: Waiting): UpstreamError {
  const { answer, stop, isSent } = waiting;
  const message = `${host}: no whole answer within ${timeoutMs} ms`;
  answer.catch(() => undefined);
  if (lateMs === 0 || !isSent) {
    stop.abort();
    return new UpstreamError('unreachable', message);
  }
  const end = setTimeout(() => stop.abort(), lateMs);
  return new UpstreamError('unreachable', message, { late: answer.finally(() => clearTimeout(end)) });
}

/** Ends with the connection closed. */
async function wholeAnswer(
  request: ClientRequest,
  { mostBytes }: Pick<UpstreamRequest, 'mostBytes'>,
): Promise<UpstreamAnswer> {
  try {
    const response = await answerOf(request);
    const packed = await readBody(response, mostBytes);
    const headers = headerPairs(response.rawHeaders);
    return {
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? '',
      ...(await unpacked(headers, packed, mostBytes)),
    };
  } finally {
    // Nothing of this connection is used again; a body that was too long goes on coming otherwise.
    request.destroy();
  }
}

/** Sent; an error of it is the caller's. */
export function openRequest(asked: UpstreamRequest, signal: AbortSignal): ClientRequest {
  const options: RequestOptions = {
    createConnection: () => connect(asked),
    host: asked.host,
    port: asked.port,
    method: asked.method,
    path: asked.target,
    // As a flat list Node sends them as they are and adds nothing but Connection.
    headers: asked.headers.flat(),
    setDefaultHeaders: false,
    maxHeaderSize: 16_384,
    signal,
  };
  const request = asked.scheme === 'http' ? httpRequest(options) : httpsRequest(options);
  request.end(asked.body);
  return request;
}

/** One of its own for each request. */
function connect({ scheme, host, port, ca, lookup }: UpstreamRequest): Socket {
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
  }).on('session', (fresh: Buffer) => sessions.set(name, fresh));
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

async function readBody(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new TooLongError(`more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
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
