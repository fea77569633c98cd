/** How often something may happen: so many at once, so many a second after that. */
export interface TokenRate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface TokenBucket {
  readonly rate: TokenRate;
  tokens: number;
  at: number;
}

export function newTokenBucket(rate: TokenRate): TokenBucket {
  return { rate, tokens: rate.burst, at: 0 };
}

/** False: too many. Takes one otherwise. */
export function takeToken(bucket: TokenBucket, now: number): boolean {
  const { burst, perSecond } = bucket.rate;
  // A clock that was set back gives nothing, and takes nothing.
  const elapsedMs = Math.max(now - bucket.at, 0);
  bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1000);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
