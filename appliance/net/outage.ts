/**
 * When a host of the cloud counts as away. One failed request is an everyday thing, and a probe that fails while requests
 * pass says nothing: an outage takes both, and ends only when the host has been good for a while. Pure.
 */

/** `request`: a phone's own, asked for it. `probe`: a connection of ours without any phone's path. */
export type SignSource = 'request' | 'probe';

interface Sign {
  readonly isGood: boolean;
  /** ms, by a clock that nobody sets. */
  readonly at: number;
}

export interface Reach {
  /** The last of its kind. */
  readonly request?: Sign;
  readonly probe?: Sign;
  /** The last of either kind. */
  readonly newest?: Sign;
  readonly isOutage: boolean;
  /** In an outage: since when every sign was good again. */
  readonly goodSince?: number;
}

export const newReach: Reach = { isOutage: false };

/** Two bad signs further apart are two stories. */
const signMs = 60_000;
/** A line that comes and goes must not make phones change between cloud and store with every request. */
const goodMs = 5000;

export function noteSign(reach: Reach, source: SignSource, sign: Sign): Reach {
  const { goodSince, ...rest } = reach;
  const next = { ...rest, [source]: sign, newest: sign };
  if (!sign.isGood) {
    const other = source === 'request' ? reach.probe : reach.request;
    const isSecond = other !== undefined && !other.isGood && sign.at - other.at <= signMs;
    return { ...next, isOutage: reach.isOutage || isSecond };
  }
  if (!reach.isOutage) return next;
  const since = goodSince ?? sign.at;
  return sign.at - since >= goodMs ? { ...next, isOutage: false } : { ...next, goodSince: since };
}
