/** The networks that are served, and which of them a client is on. */
import { servedNetworks, type ServedNetwork } from '../config/networks.ts';
import type { Config } from '../config/schema.ts';
import { broadcastAddress, contains, formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { parseMac } from '../protocol/mac.ts';
import type { Tenure } from '../store/leases.ts';
import type { AddressRange } from './address-space.ts';
import type { Site } from './decision.ts';
import { openLimits } from './limits.ts';
import { isInSubnet, openPolicy } from './policy.ts';
import { Pool, type PoolAddresses } from './pool.ts';
import { openProfiles } from './profile.ts';
import type { ClientRequest } from './request.ts';

export interface Network extends Site {
  /** Key of its addresses in the settings: `dhcp.pool`, `dhcp.network[0].pools`. */
  readonly key: string;
  readonly subnet: string;
  /** Where its clients are, or the relays that speak for them. */
  readonly card: string;
}

interface Before {
  /** What is known of all addresses, those that end first first. */
  readonly tenures: Iterable<Tenure>;
  readonly now: number;
  /** See {@link openProfiles}. */
  readonly isLeaving: (mac: string) => boolean;
  /** See {@link Site}. */
  readonly forgottenUntil?: number;
}

/** Throws when no network is described, or more addresses than memory is for. */
export function openNetworks(
  config: Config,
  { tenures, now, isLeaving, forgottenUntil = 0 }: Before,
): Network[] {
  const served = servedNetworks(config);
  if (served.length === 0) {
    throw new Error('dhcp.subnet and dhcp.pool are missing in the settings: DHCP has no addresses to give');
  }
  const size = served.flatMap(({ pools }) => pools).reduce((sum, range) => sum + sizeOf(range), 0);
  if (size > maxAddresses) {
    throw new Error(
      `dhcp.pool and dhcp.network name ${size} addresses to give out: name ${maxAddresses} at most`,
    );
  }
  const limits = openLimits(config);
  const isServed = (address: number) => networks.some(({ policy }) => isInSubnet(address, policy));
  const networks: Network[] = served.map((network) => {
    const settings = { ...config, dhcp: network.alone };
    return {
      key: network.poolsKey,
      subnet: network.subnet,
      card: network.alone.interface,
      pool: new Pool(poolAddresses(config, network)),
      policy: openPolicy(settings, openProfiles(settings, isLeaving), limits),
      isServed,
      forgottenUntil,
    };
  });
  for (const tenure of tenures) for (const { pool } of networks) pool.remember(tenure, now);
  return networks;
}

/**
 * By the relay's or the client's own word where the client is; else, for a client that has an address, by that; else by the
 * card that heard it. RENEWING and REBINDING need not be told apart for this, which is as well, since Node doesn't say where a
 * datagram was sent to: the ACK goes to the client's address, and a client that was carried to another network and broadcasts
 * from its old address doesn't hear it, asks anew when its lease ends, and is refused at once when it restarts.
 */
export function networkOf(
  { link, message: { ciaddr } }: ClientRequest,
  card: string,
  networks: readonly Network[],
): Network | undefined {
  if (link === 'unreadable') return undefined;
  if (link !== undefined) return networks.find(({ policy }) => isInSubnet(link, policy));
  const own = ciaddr === 0 ? undefined : networks.find(({ policy }) => isInSubnet(ciaddr, policy));
  return own ?? networks.find((network) => network.card === card);
}

export function longestLeaseMs({ dhcp }: Config): number {
  return 1000 * Math.max(dhcp.lease_seconds, ...dhcp.network.map(({ lease_seconds }) => lease_seconds ?? 0));
}

/** Each address takes memory from the start. */
const maxAddresses = 1_000_000;

function sizeOf({ first, last }: AddressRange): number {
  return last - first + 1;
}

/** Phones may get neither an address of the box, nor of the network, nor what phones are told of. */
function poolAddresses(
  { site, dhcp, web }: Config,
  { net, pools }: Pick<ServedNetwork, 'net' | 'pools'>,
): PoolAddresses {
  const told = [dhcp, ...dhcp.network].flatMap(({ routers, dns_servers, ntp_servers }) => [
    ...routers,
    ...(dns_servers ?? []),
    ...(ntp_servers ?? []),
  ]);
  const own = [site.address, ...site.former_addresses, web.address];
  const taken = [...own, formatIpv4(net.network), broadcastAddress(net), ...told];
  const reserved = dhcp.reservation
    .filter(({ address }) => contains(net, address))
    .map(({ mac, address }): [string, number] => [parseMac(mac) ?? mac, parseIpv4(address)]);
  return {
    ranges: pools,
    excluded: new Set(taken.map(parseIpv4)),
    reserved: new Map(reserved),
    maxOffers: dhcp.limits.pending_offers,
    countsCircuits: dhcp.limits.leases_per_circuit > 0,
  };
}
