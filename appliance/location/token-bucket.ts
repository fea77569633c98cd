/** So many at once, so many a second after that. */
export interface TokenBucket {
  readonly perSecond: number;
  readonly burst: number;
  tokens: number;
  at: number;
}

export function newTokenBucket(perSecond: number, burst: number): TokenBucket {
  return { perSecond, burst, tokens: burst, at: 0 };
}

/** False: too many. Takes one otherwise. */
export function takeToken(bucket: TokenBucket, now: number): boolean {
  const elapsedMs = Math.max(now - bucket.at, 0);
  bucket.tokens = Math.min(bucket.burst, bucket.tokens + (elapsedMs * bucket.perSecond) / 1000);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
