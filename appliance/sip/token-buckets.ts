/** So many at once, then so many a second, for each of many senders. */
export interface TokenBuckets {
  /** False when this sender's bucket is empty. */
  take(sender: string, now: number): boolean;
  readonly size: number;
}

/** Senders that are remembered; beyond it the one that was heard first is forgotten, and begins with a full bucket again. */
const maxSenders = 4096;

export function newTokenBuckets({ burst, perSecond }: { burst: number; perSecond: number }): TokenBuckets {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (sender, now) => {
      const bucket = buckets.get(sender) ?? { tokens: burst, at: now };
      // A clock that was set back gives nothing, and takes nothing.
      const passed = Math.max(0, now - bucket.at);
      const tokens = Math.min(burst, bucket.tokens + (passed / 1000) * perSecond);
      const isAllowed = tokens >= 1;
      if (!buckets.has(sender) && buckets.size >= maxSenders) {
        for (const oldest of buckets.keys()) {
          buckets.delete(oldest);
          break;
        }
      }
      buckets.set(sender, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
      return isAllowed;
    },
    get size() {
      return buckets.size;
    },
  };
}
