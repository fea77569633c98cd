/** The plain first-stage host, asked for `/`: never for a phone's path, which would mint an account. */
import { askUpstream, UpstreamError } from './http-upstream.ts';

export interface HttpFinding {
  readonly status: number;
  /** Lower-case names; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isHtml: boolean;
  /** This machine's clock, in the middle of asking, ms since 1970. */
  readonly askedAt: number;
}

/** Resolves with words when there was no answer. */
export async function probeHttp(
  host: string,
  timeoutMs: number,
  now: () => number,
): Promise<HttpFinding | string> {
  const [name = host, port = '80'] = host.split(':');
  const before = now();
  try {
    const { status, headers, body } = await askUpstream({
      scheme: 'http',
      host: name,
      port: Number(port),
      method: 'GET',
      target: '/',
      headers: [
        ['Host', host],
        ['User-Agent', 'Gatehouse-check'],
        ['Accept', '*/*'],
      ],
      timeoutMs,
      mostBytes: 256 * 1024,
    });
    const named = Object.fromEntries(headers.map(([header, value]) => [header.toLowerCase(), value]));
    const isHtml =
      /html/i.test(named['content-type'] ?? '') || /<html/i.test(body.subarray(0, 4096).toString('latin1'));
    return { status, headers: named, isHtml, askedAt: (before + now()) / 2 };
  } catch (error) {
    if (error instanceof UpstreamError) return error.message;
    throw error;
  }
}
