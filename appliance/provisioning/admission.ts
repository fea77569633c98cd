/** How often an address may ask, and for how many phones. */
import type { World } from '../world.ts';
import type { Identity } from './identify.ts';
import { newLimiter } from './limiter.ts';

/** Pairs of address and phone that are remembered. */
const mostPairs = 8192;

/** False: too often. Counts each call. */
export function newAdmission({ clock }: Pick<World, 'clock'>): (ip: string, identity: Identity) => boolean {
  // A boot of a phone is some twenty requests; who can't be told is let in at a trickle.
  const phones = newLimiter({ burst: 240, perMinute: 120 });
  const strangers = newLimiter({ burst: 10, perMinute: 10 });
  // Without a lease only the request says which phone it is: one address must not ask for phone after phone.
  const newcomers = newLimiter({ burst: 8, perMinute: 1 });
  const pairs = new Set<string>();
  return (ip, identity) => {
    const now = clock.now();
    if (identity.kind !== 'phone') return strangers.take(ip, now);
    if (!phones.take(ip, now)) return false;
    const { isLeased, mac } = identity.asker;
    const pair = `${ip} ${mac}`;
    if (isLeased || pairs.has(pair)) return true;
    if (!newcomers.take(ip, now)) return false;
    pairs.add(pair);
    const [oldest] = pairs;
    if (pairs.size > mostPairs && oldest !== undefined) pairs.delete(oldest);
    return true;
  };
}
