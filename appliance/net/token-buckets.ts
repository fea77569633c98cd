import { newTokenBucket, takeToken, type TokenBucket, type TokenRate } from './token-bucket.ts';

/** So many at once, then so many a second, for each of many senders. */
export interface TokenBuckets {
  /** False when this sender's bucket is empty. */
  take(sender: string, now: number): boolean;
  readonly size: number;
}

/** Senders that are remembered; beyond it the one that was heard first is forgotten, and begins with a full bucket again. */
const maxSenders = 4096;

export function newTokenBuckets(rate: TokenRate): TokenBuckets {
  const buckets = new Map<string, TokenBucket>();
  const bucketOf = (sender: string): TokenBucket => {
    const known = buckets.get(sender);
    if (known !== undefined) return known;
    const [oldest] = buckets.keys();
    if (oldest !== undefined && buckets.size >= maxSenders) buckets.delete(oldest);
    const bucket = newTokenBucket(rate);
    buckets.set(sender, bucket);
    return bucket;
  };
  return {
    take: (sender, now) => takeToken(bucketOf(sender), now),
    get size() {
      return buckets.size;
    },
  };
}
