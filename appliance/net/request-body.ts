/** The body of a request, bounded in size; in time it is bounded by the listener. */

import type { Header } from './http-upstream.ts';

/** The body can't be had: longer than allowed, or the peer went away. */
export class RequestBodyError extends Error {
  override readonly name = 'RequestBodyError';
  readonly kind: 'too long' | 'cut off';
  constructor(kind: RequestBodyError['kind'], options?: ErrorOptions) {
    super(`request body ${kind}`, options);
    this.kind = kind;
  }
}

/** RFC 9112, 6.3: a request without either of these headers has none, and reading that costs as much as a small answer. */
export function hasBody(headers: readonly Header[]): boolean {
  return headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
}

/** Throws a {@link RequestBodyError}, and nothing else that a peer can cause. */
export async function* boundedBody(
  request: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  const chunks = request[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((cause: unknown) => {
      throw new RequestBodyError('cut off', { cause });
    });
    if (next.done === true) return;
    length += next.value.length;
    if (length > mostBytes) throw new RequestBodyError('too long');
    yield next.value;
  }
}

/** What is left of it. */
export async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body);
}
