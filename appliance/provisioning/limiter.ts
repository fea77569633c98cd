/** Token buckets: how often somebody may ask. Bounded in memory, whatever is asked. */

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
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (name, now) => {
      const known = buckets.get(name);
      const tokens = known
        ? Math.min(burst, known.tokens + (Math.max(0, now - known.at) * perMinute) / 60_000)
        : burst;
      // Newest last: the one that asked longest ago is forgotten first.
      buckets.delete(name);
      buckets.set(name, { tokens: Math.max(0, tokens - 1), at: now });
      if (buckets.size > mostBuckets) {
        const [oldest] = buckets.keys();
        if (oldest !== undefined) buckets.delete(oldest);
      }
      return tokens >= 1;
    },
  };
}
