/** What may be wrong with addresses reserved for devices. Pure. */
import type { Config } from './schema.ts';
import { isReserved, servedNetworks } from './networks.ts';
import { contradiction, type Problem, type Rule } from './problems.ts';
import { contains } from '../protocol/ipv4.ts';
import { parseMac } from '../protocol/mac.ts';

export const reservationRules: readonly Rule[] = [
  { keys: ['dhcp', 'site.address', 'site.former_addresses', 'web.address'], find: reservations },
];

/** Of all that is wrong with one, the first thing is told. */
function reservations({ site, dhcp, web }: Pick<Config, 'site' | 'dhcp' | 'web'>): Problem[] {
  const networks = servedNetworks({ dhcp });
  if (networks.length === 0) return [];
  const own = [site.address, ...site.former_addresses, web.address];
  const taken = new Map(own.map((address) => [address, "the box's own address"]));
  for (const { key, told } of networks) {
    for (const [at, router] of told.routers.entries()) taken.set(router, `${key}.routers[${at}]`);
  }
  const owners = new Map<string, string>();
  return dhcp.reservation.flatMap(({ mac, address }, at) => {
    const key = `dhcp.reservation[${at}]`;
    const network = networks.find(({ net }) => contains(net, address));
    if (network === undefined) {
      const subnets = networks.map(({ subnet }) => `"${subnet}"`).join(', ');
      return [contradiction(`${key}.address`, address, `is in no served subnet; name one inside ${subnets}`)];
    }
    if (isReserved(network.net, address)) {
      const advice = `is the network or broadcast address of "${network.subnet}"; name another`;
      return [contradiction(`${key}.address`, address, advice)];
    }
    const other = taken.get(address);
    if (other !== undefined)
      return [contradiction(`${key}.address`, address, `is ${other} too; reserve another`)];
    taken.set(address, `${key}.address`);
    const owner = `${parseMac(mac)} ${network.subnet}`;
    const before = owners.get(owner);
    if (before !== undefined) {
      const advice = `has ${before} in the same subnet; reserve one address a device and subnet`;
      return [contradiction(`${key}.mac`, mac, advice)];
    }
    owners.set(owner, key);
    return [];
  });
}
