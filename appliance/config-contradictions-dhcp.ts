/** What the DHCP settings may be alone but not beside the others. Pure. */
import type { Config } from './config-schema.ts';
import { contradiction, type Problem, type Rule } from './config-problems.ts';
import {
  broadcastAddress,
  contains,
  formatIpv4,
  parseCidr,
  parseIpv4,
  type Subnet,
} from './protocol/ipv4.ts';

export const dhcpRules: readonly Rule[] = [
  { keys: ['dhcp.mode', 'dhcp.subnet', 'dhcp.pool'], find: missingSubnet },
  { keys: ['dhcp.mode', 'dhcp.subnet', 'dhcp.pool'], find: poolOutside },
  {
    keys: ['dhcp.mode', 'dhcp.pool', 'dhcp.routers', 'dhcp.dns_servers', 'dhcp.ntp_servers', 'site.address'],
    find: poolHolds,
  },
  { keys: ['dhcp.mode', 'dhcp.subnet', 'dhcp.routers', 'site.address'], find: outsideSubnet },
];

function missingSubnet({ dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'server' || (dhcp.subnet !== undefined && dhcp.pool !== undefined)) return [];
  return [
    contradiction(
      'dhcp.mode',
      dhcp.mode,
      'needs dhcp.subnet and dhcp.pool too, such as "10.20.0.0/24" and ["10.20.0.100", "10.20.0.199"]',
    ),
  ];
}

function poolOutside({ dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'server' || dhcp.subnet === undefined || dhcp.pool === undefined) return [];
  const subnet = parseCidr(dhcp.subnet);
  const [first = '', last = ''] = dhcp.pool;
  const problems = dhcp.pool.flatMap((address, at) => {
    const key = `dhcp.pool[${at}]`;
    if (!contains(subnet, address))
      return [
        contradiction(key, address, `is not in dhcp.subnet "${dhcp.subnet}"; name an address inside it`),
      ];
    if (isReserved(subnet, address))
      return [
        contradiction(key, address, `is the network or broadcast address of "${dhcp.subnet}"; leave it out`),
      ];
    return [];
  });
  if (parseIpv4(first) > parseIpv4(last)) {
    problems.push(
      contradiction(
        'dhcp.pool',
        dhcp.pool,
        'the first address comes after the last; name the lower one first',
      ),
    );
  }
  return problems;
}

function isReserved(subnet: Subnet, address: string): boolean {
  if (subnet.prefix > 30) return false;
  return address === formatIpv4(subnet.network) || address === broadcastAddress(subnet);
}

function poolHolds({ site, dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'server' || dhcp.pool === undefined) return [];
  const [low = 0, high = 0] = dhcp.pool.map(parseIpv4);
  const fixed: [string, string, string][] = [
    ['site.address', site.address, "is inside dhcp.pool; leave the box's own address out of the pool"],
    ...(['routers', 'dns_servers', 'ntp_servers'] as const).flatMap((name) =>
      dhcp[name].map((address, at): [string, string, string] => [
        `dhcp.${name}[${at}]`,
        address,
        'is inside dhcp.pool and could be given to a phone; leave it out of the pool',
      ]),
    ),
  ];
  return fixed
    .filter(([, address]) => parseIpv4(address) >= low && parseIpv4(address) <= high)
    .map(([key, address, advice]) => contradiction(key, address, advice));
}

function outsideSubnet({ site, dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'server' || dhcp.subnet === undefined) return [];
  const subnet = parseCidr(dhcp.subnet);
  const fixed = [
    ['site.address', site.address],
    ...dhcp.routers.map((address, at) => [`dhcp.routers[${at}]`, address]),
  ] as [string, string][];
  return fixed
    .filter(([, address]) => !contains(subnet, address) || isReserved(subnet, address))
    .map(([key, address]) =>
      contradiction(
        key,
        address,
        `is no address that a phone in dhcp.subnet "${dhcp.subnet}" can reach; name one inside it`,
      ),
    );
}
