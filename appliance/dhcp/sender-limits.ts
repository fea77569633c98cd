/** How much one client, and all together, may ask: a storm of one must not become a storm at the servers. */
import { newTokenBucket, takeToken, type TokenRate } from '../net/token-bucket.ts';
import { newTokenBuckets } from '../net/token-buckets.ts';

interface Rates {
  readonly ofEach: TokenRate;
  readonly ofAll: TokenRate;
}

/** False: this client, or all of them, asked too much of late. */
export type SenderLimits = (mac: string, now: number) => boolean;

export function openSenderLimits({ ofEach, ofAll }: Rates): SenderLimits {
  const each = newTokenBuckets(ofEach);
  const all = newTokenBucket(ofAll);
  return (mac, now) => each.take(mac, now) && takeToken(all, now);
}
