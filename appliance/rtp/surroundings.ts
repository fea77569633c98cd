/** Cards, addresses and routes of this machine, for who asks at each call: reading them takes a fifth of a millisecond. */
import { ownNetworks } from '../net/card.ts';
import { readRoutes } from '../net/routes.ts';
import type { Clock } from '../world.ts';
import type { Surroundings } from './reach.ts';

const keptMs = 1000;

/** Read anew after a second, and at once for an address of ours that was not there. */
export function newSurroundings(clock: Pick<Clock, 'monotonic'>): (own: string) => Surroundings {
  let known: Surroundings | undefined;
  let readAt = -Infinity;
  return (own) => {
    const isFresh = clock.monotonic() - readAt < keptMs;
    if (known === undefined || !isFresh || !known.networks.some(({ address }) => address === own)) {
      known = { routes: readRoutes(), networks: ownNetworks() };
      readAt = clock.monotonic();
    }
    return known;
  };
}
