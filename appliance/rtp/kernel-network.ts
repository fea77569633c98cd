/** By which card packets leave for an address, for rules that take no look at the machine's own routing. */
import { ownAddresses } from '../net/card.ts';
import { readRoutes, wayTo, type Route, type Way } from '../net/routes.ts';

/** Of this machine, as it was when it was looked at last. */
export interface Network {
  readonly routes: readonly Route[];
  readonly addresses: ReadonlySet<string>;
}

export function readNetwork(): Network {
  return { routes: readRoutes(), addresses: ownAddresses() };
}

/** What is for this machine itself never goes on by a card. */
export function wayOf({ routes, addresses }: Network, address: string): Way | undefined {
  const way = addresses.has(address) ? undefined : wayTo(routes, address);
  return way !== undefined && isNameable(way.card) ? way : undefined;
}

/** The kernel takes almost any name for a card, rules don't. */
export function isNameable(card: string): boolean {
  return /^[\w.@-]+$/.test(card);
}
