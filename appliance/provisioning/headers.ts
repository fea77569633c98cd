/** Which headers cross the box: all but those of the hop, in their order and case. */
import type { Header } from '../net/http-upstream.ts';

/** RFC 9110, 7.6.1, and what old software uses in its place. */
const hopByHop = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** Of a body that is not passed on, of a part of an answer (only a whole one can be read), and what is there twice. */
const neverUp = new Set(['content-length', 'expect', 'range', 'if-range', 'host', 'accept-encoding']);

/** RFC 9110, 13.1: the answer may be that what the phone has is good still. */
const conditions = new Set(['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since']);

/** For an answer that may differ from what the phone has where the cloud's does not. */
export function withoutConditions(headers: readonly Header[]): Header[] {
  return headers.filter(([name]) => !conditions.has(name.toLowerCase()));
}

/**
 * What the cloud gets to see: the phone's own, with Host and Accept-Encoding ours, in the place where the phone has them.
 * The body of a request is never passed on, so its length is not either.
 */
export function upstreamHeaders(
  headers: readonly Header[],
  host: string,
  connection: 'close' | 'keep-alive' = 'close',
): Header[] {
  const named = namedByConnection(headers);
  const ours = new Map<string, Header>([
    ['host', ['Host', host]],
    ['accept-encoding', ['Accept-Encoding', 'identity']],
    ['connection', ['Connection', connection]],
  ]);
  const out: Header[] = [];
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const own = ours.get(key);
    if (own !== undefined) {
      out.push([name, own[1]]);
      ours.delete(key);
    } else if (!hopByHop.has(key) && !named.has(key) && !neverUp.has(key)) {
      out.push([name, value]);
    }
  }
  return [...out, ...ours.values()];
}

/** What the phone gets: length and digests of a body that was changed would be wrong. */
export function phoneHeaders(headers: readonly Header[]): Header[] {
  const named = namedByConnection(headers);
  return headers.filter(([name]) => {
    const key = name.toLowerCase();
    return !hopByHop.has(key) && !named.has(key) && !ofBody.has(key);
  });
}

const ofBody = new Set([
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
  'alt-svc',
  'strict-transport-security',
]);

function namedByConnection(headers: readonly Header[]): Set<string> {
  return new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(','))
      .map((name) => name.trim())
      // A phone can't make us drop what it is known by.
      .filter((name) => name !== 'host' && name !== 'user-agent' && name !== ''),
  );
}

/** First value of a header; empty when it is missing. */
export function headerValue(headers: readonly Header[], wanted: string): string {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
}
