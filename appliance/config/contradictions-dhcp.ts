/** What the DHCP settings may be alone but not beside the others. Pure. */
import type { Config } from './schema.ts';
import { contradiction, type Problem, type Rule } from './problems.ts';
import { reservationRules } from './contradictions-reservations.ts';
import { isReserved, overlaps, servedNetworks, type ServedNetwork } from './networks.ts';
import { contains, parseIpv4 } from '../protocol/ipv4.ts';

const described = ['dhcp.mode', 'dhcp.subnet', 'dhcp.pool', 'dhcp.network'];
const told = ['dhcp.routers', 'dhcp.dns_servers', 'dhcp.ntp_servers', 'site.address'];

export const dhcpRules: readonly Rule[] = [
  { keys: ['dhcp.mode', 'dhcp.subnet', 'dhcp.pool'], find: missingSubnet },
  { keys: described, find: (config) => servedNetworks(config).flatMap(poolOutside) },
  { keys: described, find: overlapping },
  { keys: [...described, ...told], find: poolHolds },
  { keys: [...described, 'dhcp.routers', 'site.address'], find: outsideSubnet },
  ...reservationRules,
  { keys: ['dhcp.vendor', 'site.posture', 'provisioning.http_port'], find: vendors },
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

function poolOutside({ subnetKey, subnet, net, pools }: ServedNetwork): Problem[] {
  return pools.flatMap(({ key, addresses }) => {
    const problems = addresses.flatMap((address, at) => {
      if (!contains(net, address)) {
        const advice = `is not in ${subnetKey} "${subnet}"; name an address inside it`;
        return [contradiction(`${key}[${at}]`, address, advice)];
      }
      if (!isReserved(net, address)) return [];
      const advice = `is the network or broadcast address of "${subnet}"; leave it out`;
      return [contradiction(`${key}[${at}]`, address, advice)];
    });
    const [first = '', last = ''] = addresses;
    if (parseIpv4(first) <= parseIpv4(last)) return problems;
    const advice = 'the first address comes after the last; name the lower one first';
    return [...problems, contradiction(key, addresses, advice)];
  });
}

/** Each address is of one network and of one of its pools. */
function overlapping(config: Config): Problem[] {
  const networks = servedNetworks(config);
  const subnets = networks.flatMap(({ subnetKey, subnet, net }, at) => {
    const other = networks.slice(0, at).find((before) => overlaps(before.net, net));
    if (other === undefined) return [];
    const advice = `overlaps ${other.subnetKey} "${other.subnet}"; name each address in one subnet only`;
    return [contradiction(subnetKey, subnet, advice)];
  });
  const pools = networks.flatMap((network) =>
    network.pools.flatMap((pool, at) => {
      const other = network.pools
        .slice(0, at)
        .find(({ first, last }) => pool.first <= last && first <= pool.last);
      if (other === undefined) return [];
      const advice = `overlaps ${other.key}; name each address once`;
      return [contradiction(pool.key, pool.addresses, advice)];
    }),
  );
  return [...subnets, ...pools];
}

function poolHolds(config: Config): Problem[] {
  const networks = servedNetworks(config);
  const poolOf = (address: string) =>
    networks
      .flatMap(({ pools }) => pools)
      .find(({ first, last }) => parseIpv4(address) >= first && parseIpv4(address) <= last);
  const ownPool = poolOf(config.site.address);
  const own =
    ownPool === undefined
      ? []
      : [
          contradiction(
            'site.address',
            config.site.address,
            `is inside ${ownPool.key}; leave the box's own address out of the pool`,
          ),
        ];
  const others = networks.flatMap(({ key, told }) =>
    (['routers', 'dns_servers', 'ntp_servers'] as const).flatMap((name) =>
      (told[name] ?? []).flatMap((address, at) => {
        const pool = poolOf(address);
        if (pool === undefined) return [];
        const advice = `is inside ${pool.key} and could be given to a phone; leave it out of the pool`;
        return [contradiction(`${key}.${name}[${at}]`, address, advice)];
      }),
    ),
  );
  return [...own, ...others];
}

function outsideSubnet(config: Config): Problem[] {
  const { site } = config;
  return servedNetworks(config).flatMap(({ key, subnetKey, subnet, net, told }, at) => {
    const isReachable = (address: string) => contains(net, address) && !isReserved(net, address);
    const advice = `is no address that a phone in ${subnetKey} "${subnet}" can reach; name one inside it`;
    const routers = told.routers.flatMap((address, place) =>
      isReachable(address) ? [] : [contradiction(`${key}.routers[${place}]`, address, advice)],
    );
    if (at === 0)
      return isReachable(site.address)
        ? routers
        : [contradiction('site.address', site.address, advice), ...routers];
    if (told.routers.length > 0 || isReachable(site.address)) return routers;
    return [
      contradiction(
        `${key}.routers`,
        told.routers,
        `phones there reach the box at ${site.address} by a router only; name one inside "${subnet}"`,
      ),
    ];
  });
}

function vendors({ site, dhcp, provisioning }: Config): Problem[] {
  const names = dhcp.vendor.map(({ vendor }) => vendor);
  return dhcp.vendor.flatMap(({ vendor, form = 'url' }, at) => {
    const key = `dhcp.vendor[${at}]`;
    const problems: Problem[] = [];
    if (names.indexOf(vendor) !== at) {
      problems.push(
        contradiction(
          `${key}.vendor`,
          vendor,
          'stands in another [[dhcp.vendor]] too; name each vendor once',
        ),
      );
    }
    if (form === 'address' && site.posture === 'assist') {
      problems.push(
        contradiction(
          `${key}.form`,
          form,
          'can only name the box, and with site.posture "assist" phones are sent to the cloud; write "host"',
        ),
      );
    } else if (form !== 'url' && site.posture !== 'assist' && provisioning.http_port !== 80) {
      problems.push(
        contradiction(
          `${key}.form`,
          form,
          `has no room for provisioning.http_port = ${provisioning.http_port}; write "url", or take port 80`,
        ),
      );
    }
    return problems;
  });
}
