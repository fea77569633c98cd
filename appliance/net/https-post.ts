/** Posting JSON to one HTTPS service: verified, bounded in time and size, connections kept for the next. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { rootCertificates } from 'node:tls';

export interface HttpsPoster extends Disposable {
  /**
   * Resolves with whatever the service answers. Rejects with `cannot reach <url>: <reason>` when there is no whole answer
   * in time; the request may have been carried out all the same.
   */
  post(path: string, message: PostMessage): Promise<PostAnswer>;
}

export interface PostMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** Lower-case names; repeated ones joined by Node's rules. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Cut off after `maxAnswerBytes`. */
  readonly body: string;
}

export interface PosterOptions {
  /** `https://host[:port][/prefix]`. */
  readonly url: string;
  /** PEM file of authorities trusted besides Node's. */
  readonly extraCaFile?: string | undefined;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly maxConnections: number;
}

export function openHttpsPoster(options: PosterOptions): HttpsPoster {
  const base = new URL(options.url);
  if (base.protocol !== 'https:') throw new TypeError(`${options.url}: only https is spoken`);
  const extra = options.extraCaFile === undefined ? [] : [readFileSync(options.extraCaFile, 'utf8')];
  const agent = new Agent({
    keepAlive: true,
    maxSockets: options.maxConnections,
    ca: [...rootCertificates, ...extra],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
  return {
    post: async (path, message) => {
      const target = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
      const late = AbortSignal.timeout(options.timeoutMs);
      const signal = AbortSignal.any([message.signal, late]);
      try {
        return await exchange(
          { target, agent, maxAnswerBytes: options.maxAnswerBytes },
          { ...message, signal },
        );
      } catch (error) {
        if (message.signal.aborted) throw error;
        const seconds = Math.round(options.timeoutMs / 1000);
        const reason = late.aborted ? `no answer within ${seconds} s` : reasonOf(error);
        throw new Error(`cannot reach ${base.origin}: ${reason}`, { cause: error });
      }
    },
    [Symbol.dispose]: () => {
      agent.destroy();
    },
  };
}

async function exchange(
  { target, agent, maxAnswerBytes }: { target: URL; agent: Agent; maxAnswerBytes: number },
  { headers, body, signal }: PostMessage,
): Promise<PostAnswer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sending = request(target, {
      method: 'POST',
      agent,
      signal,
      headers: { ...headers, 'content-length': body.length },
    });
    sending.once('response', resolve);
    // Stays: an error after the answer has begun must find a listener too.
    sending.on('error', reject);
    sending.end(body);
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    // The status is what counts: a service that goes on talking is cut off, not listened to.
    if (length > maxAnswerBytes) break;
    chunks.push(chunk);
  }
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** For a person: what to look at first. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the exchange failed';
  const { code = '', message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOTFOUND: 'its name is not known (DNS)',
    EAI_AGAIN: 'DNS does not answer',
    ECONNREFUSED: 'the connection is refused',
    ECONNRESET: 'the connection was cut',
    ETIMEDOUT: 'the connection times out',
    EHOSTUNREACH: 'there is no route to it',
    ENETUNREACH: 'there is no route to it',
  };
  const found = words[code];
  if (found !== undefined) return `${found} (${code})`;
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|SSL|TLS/.test(code))
    return `its certificate is not trusted (${code})`;
  return code === '' ? message : `${code}: ${message}`;
}
