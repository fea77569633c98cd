/**
 * Where media may go. A description may name any address, and what the other leg sends goes there: whoever wrote it would reach, through
 * the box, networks that he does not reach himself. Pure.
 */
import type { OwnNetwork } from '../net/card.ts';
import { wayTo, type Route } from '../net/routes.ts';
import { contains, parseCidr } from '../protocol/ipv4.ts';
import type { Remote } from '../protocol/media-control.ts';

/** Of this machine, as it was when it was looked at last. */
export interface Surroundings {
  readonly routes: readonly Route[];
  readonly networks: readonly OwnNetwork[];
}

export interface Ours {
  /** At this leg. */
  readonly address: string;
  /** For media. */
  readonly firstPort: number;
  readonly lastPort: number;
  /** Of the service: they may be reached by a line of their own. */
  readonly cloudNetworks: readonly string[];
}

const loopback = parseCidr('127.0.0.0/8');
/** This network, groups, and what is reserved, broadcast among it (RFC 6890). */
const nobody = ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4'].map(parseCidr);

/**
 * As it is told. Where its address is none for its leg, as that of a phone which knows the site's public one, that of its signalling
 * takes its place; without one it is learned from who may speak there.
 */
export function withinReach(remote: Remote, ours: Ours, around: Surroundings): Remote {
  const { address, allow, near = '0.0.0.0' } = remote;
  if (address === '0.0.0.0' || isWithinReach(remote, ours, around)) return remote;
  return { ...remote, address: near, allow: allow.filter((entry) => entry !== address) };
}

/** By the card of our own address, or the one that leads to where the far end's signalling comes from: its neighbours it reaches by itself. */
function isWithinReach(
  { address, port, rtcpPort, near }: Remote,
  ours: Ours,
  { routes, networks }: Surroundings,
): boolean {
  if (address === near) return true;
  if ([...nobody, ...networks.map(({ broadcast }) => broadcast)].some((net) => net && contains(net, address)))
    return false;
  if (contains(loopback, address) || networks.some((own) => own.address === address)) {
    // Two calls may lead into each other; whoever tries the box has all ends on one machine.
    if (contains(loopback, ours.address)) return contains(loopback, address);
    return [port, rtcpPort].every((to) => to === 0 || (to >= ours.firstPort && to <= ours.lastPort));
  }
  const way = wayTo(routes, address);
  // The kernel sends nothing there.
  if (way === undefined) return true;
  // By which of several ways to the internet is for rules that are not in this table (`ip rule`).
  const known = wayTo(
    routes.filter(({ mask }) => mask !== 0),
    address,
  );
  const isOfService = ours.cloudNetworks.some((network) => contains(parseCidr(network), address));
  if (near === undefined && (known === undefined || isOfService)) return true;
  // A card that has just come up stands in the routes before it stands among the networks.
  const own = networks.find((network) => network.address === ours.address) ?? wayTo(routes, ours.address);
  return way.card === own?.card || (near !== undefined && way.card === wayTo(routes, near)?.card);
}
