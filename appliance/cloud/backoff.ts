/** When to try again, and what an answer means. Pure. */
import type { PostAnswer } from '../net/https-post.ts';

export type Verdict =
  | { readonly kind: 'taken' }
  /** Worth trying again by itself. */
  | { readonly kind: 'later'; readonly reason: string; readonly retryAfterMs?: number }
  /** One request was too much: half of it may pass. */
  | { readonly kind: 'smaller'; readonly reason: string }
  /** It stays wrong until somebody changes something here or there. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Cloud's word counts up to here: a wrong date must not silence the box for ever. */
const mostRetryAfterMs = 3_600_000;

export function verdictOf({ status, headers }: PostAnswer, now: number): Verdict {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const reason = `the cloud answers ${status}`;
  if (status === 413) return { kind: 'smaller', reason };
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter(headers['retry-after'], now);
    return { kind: 'later', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (status === 401 || status === 403)
    return { kind: 'refused', reason: `${reason}: it does not accept cloud.token_file` };
  // A redirect is not followed: the token is for this host only.
  return { kind: 'refused', reason };
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retryAfter(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), mostRetryAfterMs);
}

const [firstWaitMs, longestWaitMs] = [1000, 30_000];
const refusedWaitMs = 300_000;

/** Doubling, with jitter over the upper half, so that boxes that lost the cloud together don't come back together. */
export function waitMs(verdict: Verdict, failures: number, random: number): number {
  if (verdict.kind === 'refused') return refusedWaitMs * (0.5 + random / 2);
  const ceiling = Math.min(firstWaitMs * 2 ** Math.min(failures - 1, 10), longestWaitMs);
  const own = ceiling * (0.5 + random / 2);
  return verdict.kind === 'later' ? Math.max(own, verdict.retryAfterMs ?? 0) : own;
}
