/** The networks that the DHCP settings describe, for the server and for rules about them. Pure. */
import type { Config } from './schema.ts';
import { broadcastAddress, formatIpv4, parseCidr, parseIpv4, type Subnet } from '../protocol/ipv4.ts';

export interface ServedNetwork {
  /** Its table: `dhcp`, `dhcp.network[0]`. */
  readonly key: string;
  readonly subnetKey: string;
  readonly subnet: string;
  readonly net: Subnet;
  /** All pools: `dhcp.pool`, `dhcp.network[0].pools`. */
  readonly poolsKey: string;
  readonly pools: readonly ServedPool[];
  /** The table [dhcp] as if this were the only network. */
  readonly alone: Config['dhcp'];
  readonly told: Pick<Config['dhcp']['network'][number], 'routers' | 'dns_servers' | 'ntp_servers'>;
}

interface ServedPool {
  readonly key: string;
  /** First and last, as written. */
  readonly addresses: readonly string[];
  readonly first: number;
  readonly last: number;
}

/** The first is that of [dhcp] itself. None when DHCP gives no addresses. */
export function servedNetworks({ dhcp }: Pick<Config, 'dhcp'>): ServedNetwork[] {
  if (dhcp.mode !== 'server' || dhcp.subnet === undefined || dhcp.pool === undefined) return [];
  const first = {
    key: 'dhcp',
    subnetKey: 'dhcp.subnet',
    subnet: dhcp.subnet,
    net: parseCidr(dhcp.subnet),
    poolsKey: 'dhcp.pool',
    pools: [servedPool('dhcp.pool', dhcp.pool)],
    alone: dhcp,
    told: dhcp,
  };
  const further = dhcp.network.map(({ pools, ...network }, at) => ({
    key: `dhcp.network[${at}]`,
    subnetKey: `dhcp.network[${at}].subnet`,
    subnet: network.subnet,
    net: parseCidr(network.subnet),
    poolsKey: `dhcp.network[${at}].pools`,
    pools: pools.map((pool, place) => servedPool(`dhcp.network[${at}].pools[${place}]`, pool)),
    alone: { ...dhcp, ...network },
    told: network,
  }));
  return [first, ...further];
}

/** Cards whose wires may have other DHCP servers, each with those that the settings name there. */
export function watchedCards(config: Pick<Config, 'dhcp'>): Map<string, readonly string[]> {
  const served = servedNetworks(config).map(({ alone }) => alone);
  const byCard = Map.groupBy(served.length === 0 ? [config.dhcp] : served, (network) => network.interface);
  return new Map(Array.from(byCard, ([card, on]) => [card, on.flatMap((network) => network.known_servers)]));
}

function servedPool(key: string, addresses: readonly string[]): ServedPool {
  const [first = 0, last = 0] = addresses.map(parseIpv4);
  return { key, addresses, first, last };
}

/** The network's own address, or its broadcast address. */
export function isReserved(subnet: Subnet, address: string): boolean {
  if (subnet.prefix > 30) return false;
  return address === formatIpv4(subnet.network) || address === broadcastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.network <= lastOf(b) && b.network <= lastOf(a);
}

function lastOf(subnet: Subnet): number {
  return parseIpv4(broadcastAddress(subnet));
}
