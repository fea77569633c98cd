/** Token buckets for more keys than memory is for: fixed in size, and keys that fall together share one. */
import { randomInt } from 'node:crypto';
import type { TokenRate } from '../net/token-bucket.ts';

/** A power of two; three megabytes. Of 20,000 phones one in fourteen shares its bucket. */
const size = 2 ** 18;

export interface BucketField {
  /** False: too many. */
  take(key: Uint8Array, now: number): boolean;
}

export function bucketField({ burst, perSecond }: TokenRate): BucketField {
  const tokens = new Float32Array(size).fill(burst);
  const last = new Float64Array(size);
  // Nobody outside can tell which keys fall together.
  const seed = randomInt(2 ** 32);
  return {
    take: (key, now) => {
      const at = hash(key, seed) & (size - 1);
      const elapsedMs = Math.max(0, now - (last[at] ?? 0));
      const left = Math.min(burst, (tokens[at] ?? 0) + (elapsedMs * perSecond) / 1000);
      last[at] = now;
      tokens[at] = left < 1 ? left : left - 1;
      return left >= 1;
    },
  };
}

/** FNV-1a, and a last mixing, since the low bits alone are used. */
function hash(bytes: Uint8Array, seed: number): number {
  let value = seed;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01_00_01_93);
  value = Math.imul(value ^ (value >>> 16), 0x85_eb_ca_6b);
  return (value ^ (value >>> 13)) >>> 0;
}
