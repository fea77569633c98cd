/** An answer of a server above us that is too large for memory: its head now, its body as fast as somebody takes it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import {
  answerOf,
  headerPairs,
  openRequest,
  UpstreamError,
  upstreamError,
  type Header,
  type UpstreamRequest,
} from './http-upstream.ts';

export interface Download extends Disposable {
  readonly status: number;
  /** In the order and case of the wire. */
  readonly headers: readonly Header[];
  /** Of the body; undefined when the server does not say. */
  readonly length: number | undefined;
  /** As it came over the wire, whatever its coding. Throws an UpstreamError when it is cut short, too long, or takes too long. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Longer than a phone may take no byte, which stops the server's too. */
const idleMs = 180_000;
const longestMs = 3_600_000;

/** `timeoutMs` is for the head. Rejects with an UpstreamError; the connection ends with the download. */
export async function openDownload(asked: UpstreamRequest): Promise<Download> {
  const stop = new AbortController();
  const signal = asked.signal ? AbortSignal.any([asked.signal, stop.signal]) : stop.signal;
  const head = setTimeout(() => stop.abort(), asked.timeoutMs);
  try {
    const request = openRequest(asked, signal);
    const response = await answerOf(request);
    request.setTimeout(idleMs, () => request.destroy(new Error(`${asked.host}: nothing for ${idleMs} ms`)));
    void sleep(longestMs, undefined, { signal, ref: false }).then(
      () => stop.abort(),
      () => undefined,
    );
    const length = response.headers['content-length'];
    return {
      status: response.statusCode ?? 0,
      headers: headerPairs(response.rawHeaders),
      length: length === undefined ? undefined : Number(length),
      chunks: bounded(response, asked),
      [Symbol.dispose]: () => stop.abort(),
    };
  } catch (error) {
    throw upstreamError(error, asked);
  } finally {
    clearTimeout(head);
  }
}

async function* bounded(response: IncomingMessage, asked: UpstreamRequest): AsyncGenerator<Uint8Array> {
  const { host, mostBytes } = asked;
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > mostBytes) throw new UpstreamError('refused', `${host}: more than ${mostBytes} bytes`);
      yield chunk;
    }
  } catch (error) {
    throw upstreamError(error, asked);
  }
  if (!response.complete) throw new UpstreamError('unreachable', `${host}: the answer was cut short`);
}
