/**
 * How often an address may ask, and for how many phones. What it keeps from happening: one PC that invents phone after
 * phone, or address after address, and so mints accounts or burns those of others.
 */
import type { World } from '../world.ts';
import type { Identity } from './identify.ts';
import { newLimiter } from './limiter.ts';

/** Pairs of address and phone that are remembered. */
const mostPairs = 8192;

interface Needs extends Pick<World, 'clock'> {
  /** This phone was served at this address before, even if that was before a restart. */
  readonly isKnown: (ip: string, mac: string) => boolean;
}

/** False: too often. Counts each call. */
export function newAdmission({ clock, isKnown }: Needs): (ip: string, identity: Identity) => boolean {
  // A boot of a phone is some twenty requests; who can't be told is let in at a trickle.
  const phones = newLimiter({ burst: 240, perMinute: 120 });
  const strangers = newLimiter({ burst: 10, perMinute: 10 });
  const strangersOfSite = newLimiter({ burst: 60, perMinute: 60 });
  // Without a lease only the request says which phone it is: one address must not ask for phone after phone, nor a
  // flood of addresses. A site's first day, with another DHCP server, has a few hundred phones at once.
  const newcomers = newLimiter({ burst: 8, perMinute: 1 });
  const newcomersOfSite = newLimiter({ burst: 500, perMinute: 60 });
  const pairs = new Set<string>();
  return (ip, identity) => {
    const now = clock.now();
    if (identity.kind !== 'phone' || identity.asker.vendor === 'other') {
      if (!strangers.take(ip, now) || !strangersOfSite.take('', now)) return false;
      if (identity.kind !== 'phone') return true;
    } else if (!phones.take(ip, now)) return false;
    const { isLeased, mac } = identity.asker;
    const pair = `${ip} ${mac}`;
    if (isLeased || pairs.has(pair)) return true;
    if (!isKnown(ip, mac) && (!newcomers.take(ip, now) || !newcomersOfSite.take('', now))) return false;
    pairs.add(pair);
    const [oldest] = pairs;
    if (pairs.size > mostPairs && oldest !== undefined) pairs.delete(oldest);
    return true;
  };
}
