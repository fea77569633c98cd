/** Token buckets: how often somebody may ask. Bounded in memory, whatever is asked. */
import { newTokenBucket, takeToken, type TokenBucket } from '../net/token-bucket.ts';

export interface Limiter {
  /** False when this one has asked too often. */
  take(name: string, now: number): boolean;
}

interface Rate {
  /** At once. */
  readonly burst: number;
  readonly perMinute: number;
}

const mostBuckets = 4096;

export function newLimiter({ burst, perMinute }: Rate): Limiter {
  const rate = { burst, perSecond: perMinute / 60 };
  const buckets = new Map<string, TokenBucket>();
  return {
    take: (name, now) => {
      const bucket = buckets.get(name) ?? newTokenBucket(rate);
      // Newest last: the one that asked longest ago is forgotten first.
      buckets.delete(name);
      buckets.set(name, bucket);
      if (buckets.size > mostBuckets) {
        const [oldest] = buckets.keys();
        if (oldest !== undefined) buckets.delete(oldest);
      }
      return takeToken(bucket, now);
    },
  };
}
