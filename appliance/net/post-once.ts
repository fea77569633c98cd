/** One POST to an address of the settings, over HTTP or HTTPS: bounded, redirects are not followed. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';

export interface PostOnce {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** PEM, besides Node's roots. */
  readonly trust: readonly string[];
  readonly signal: AbortSignal;
}

/** Resolves with the status of the answer, whose body nobody reads. Rejects without one in time. */
export async function postOnce(post: PostOnce): Promise<number> {
  const { url, body, contentType, timeoutMs, trust, signal } = post;
  const target = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const options = {
    method: 'POST',
    agent: false as const,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(body) },
  };
  const sending =
    target.protocol === 'https:'
      ? requestHttps(target, { ...options, ca: [...rootCertificates, ...trust], minVersion: 'TLSv1.2' })
      : requestHttp(target, options);
  sending.once('response', (answer) => {
    resolve(answer.statusCode ?? 0);
    answer.destroy();
  });
  sending.on('error', reject);
  sending.end(body);
  return await promise;
}
