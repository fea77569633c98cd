/** The networks that the DHCP settings describe, for rules about them. Pure. */
import type { Config } from './config-schema.ts';
import { broadcastAddress, formatIpv4, parseCidr, parseIpv4, type Subnet } from './protocol/ipv4.ts';

export interface ServedNetwork {
  /** Its table: `dhcp`, `dhcp.network[0]`. */
  readonly key: string;
  readonly subnetKey: string;
  readonly subnet: string;
  readonly net: Subnet;
  readonly pools: readonly ServedPool[];
  readonly told: Pick<Config['dhcp']['network'][number], 'routers' | 'dns_servers' | 'ntp_servers'>;
}

interface ServedPool {
  readonly key: string;
  /** First and last, as written. */
  readonly addresses: readonly string[];
  readonly low: number;
  readonly high: number;
}

/** The first is that of [dhcp] itself. None when DHCP gives no addresses. */
export function servedNetworks({ dhcp }: Pick<Config, 'dhcp'>): ServedNetwork[] {
  if (dhcp.mode !== 'server' || dhcp.subnet === undefined || dhcp.pool === undefined) return [];
  const first = {
    key: 'dhcp',
    subnetKey: 'dhcp.subnet',
    subnet: dhcp.subnet,
    net: parseCidr(dhcp.subnet),
    pools: [servedPool('dhcp.pool', dhcp.pool)],
    told: dhcp,
  };
  const further = dhcp.network.map((network, at) => ({
    key: `dhcp.network[${at}]`,
    subnetKey: `dhcp.network[${at}].subnet`,
    subnet: network.subnet,
    net: parseCidr(network.subnet),
    pools: network.pools.map((pool, place) => servedPool(`dhcp.network[${at}].pools[${place}]`, pool)),
    told: network,
  }));
  return [first, ...further];
}

function servedPool(key: string, addresses: readonly string[]): ServedPool {
  const [low = 0, high = 0] = addresses.map(parseIpv4);
  return { key, addresses, low, high };
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
