/** By which card packets leave for an address, for rules that take no look at the machine's own routing. */
import { hasEthernet, ownAddresses } from '../net/card.ts';
import { readRoutes, wayTo, type Route, type Way } from '../net/routes.ts';

/** Of this machine, as it was when it was looked at last. */
export interface Network {
  readonly routes: readonly Route[];
  readonly addresses: ReadonlySet<string>;
  /** Cards of the routes that rules can name, and whose neighbours have MACs: the kernel is to send packets to those by itself. */
  readonly cards: ReadonlySet<string>;
}

export function readNetwork(): Network {
  const routes = readRoutes();
  const cards = new Set(
    routes.map(({ card }) => card).filter((card) => isNameable(card) && hasEthernet(card)),
  );
  return { routes, addresses: ownAddresses(), cards };
}

/** What is for this machine itself never goes on by a card. */
export function wayOf({ routes, addresses, cards }: Network, address: string): Way | undefined {
  const way = addresses.has(address) ? undefined : wayTo(routes, address);
  return way !== undefined && cards.has(way.card) ? way : undefined;
}

/** The card to the internet, where the process must relay what goes that way: PPP, a modem, a tunnel. */
export function cardWithoutEthernet({ routes, cards }: Network): string | undefined {
  const way = wayTo(
    routes.filter(({ mask }) => mask === 0),
    '0.0.0.0',
  );
  return way === undefined || cards.has(way.card) ? undefined : way.card;
}

/** The kernel takes almost any name for a card, rules don't. */
function isNameable(card: string): boolean {
  return /^[\w.@-]+$/.test(card);
}
