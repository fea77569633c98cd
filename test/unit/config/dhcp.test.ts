import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { problemsOf } from '../../support/settings-problems.ts';

const head = '[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "server"\nsubnet = "10.20.0.0/24"\n';
const server = `${head}pool = ["10.20.0.100", "10.20.0.199"]\n`;
const network = (subnet: string, pools: string, rest = 'routers = ["10.20.1.1"]') =>
  `[[dhcp.network]]\nsubnet = "${subnet}"\npools = ${pools}\n${rest}\n`;
const second = network('10.20.1.0/24', '[["10.20.1.10", "10.20.1.19"], ["10.20.1.30", "10.20.1.39"]]');
const reservation = (mac: string, address: string) =>
  `[[dhcp.reservation]]\nmac = "${mac}"\naddress = "${address}"\n`;
const yealink = '80:5e:c0:00:00:01';

it('takes several networks, several pools each, and reservations inside and outside them', () => {
  const source = `${server}${second}${reservation(yealink, '10.20.1.15')}${reservation('805EC0000002', '10.20.0.9')}`;
  const { dhcp } = parseConfig(source);
  expect(dhcp.network).toEqual([
    {
      subnet: '10.20.1.0/24',
      pools: [
        ['10.20.1.10', '10.20.1.19'],
        ['10.20.1.30', '10.20.1.39'],
      ],
      routers: ['10.20.1.1'],
    },
  ]);
  expect(dhcp.reservation.map(({ address }) => address)).toEqual(['10.20.1.15', '10.20.0.9']);
});

it('lets one device have an address in each subnet', () => {
  const source = `${server}${second}${reservation(yealink, '10.20.1.15')}${reservation(yealink, '10.20.0.9')}`;
  expect(problemsOf(source)).toEqual([]);
});

it.each<[string, string, string]>([
  [
    'subnets that overlap',
    `${server}${network('10.20.0.192/26', '[["10.20.0.210", "10.20.0.219"]]', 'routers = ["10.20.0.254"]')}`,
    'line 8: dhcp.network[0].subnet = "10.20.0.192/26": overlaps dhcp.subnet "10.20.0.0/24"; name each address in one subnet only',
  ],
  [
    'pools that overlap',
    `${server}${network('10.20.1.0/24', '[["10.20.1.10", "10.20.1.19"], ["10.20.1.19", "10.20.1.39"]]')}`,
    'line 9: dhcp.network[0].pools[1] = ["10.20.1.19","10.20.1.39"]: overlaps dhcp.network[0].pools[0]; name each address once',
  ],
  [
    'a pool outside its subnet',
    `${server}${network('10.20.1.0/24', '[["10.20.1.10", "10.20.2.19"]]')}`,
    'line 9: dhcp.network[0].pools[0][1] = "10.20.2.19": is not in dhcp.network[0].subnet "10.20.1.0/24"; name an address inside it',
  ],
  [
    'a pool that holds the router of its network',
    `${server}${network('10.20.1.0/24', '[["10.20.1.1", "10.20.1.19"]]')}`,
    'line 10: dhcp.network[0].routers[0] = "10.20.1.1": is inside dhcp.network[0].pools[0] and could be given to a phone; leave it out of the pool',
  ],
  [
    'a router of another network',
    `${server}${network('10.20.1.0/24', '[["10.20.1.10", "10.20.1.19"]]', 'routers = ["10.20.0.254"]')}`,
    'line 10: dhcp.network[0].routers[0] = "10.20.0.254": is no address that a phone in dhcp.network[0].subnet "10.20.1.0/24" can reach; name one inside it',
  ],
  [
    'a network from which phones do not reach the box',
    `${server}${network('10.20.1.0/24', '[["10.20.1.10", "10.20.1.19"]]', '')}`,
    'line 7: dhcp.network[0].routers = []: phones there reach the box at 10.20.0.1 by a router only; name one inside "10.20.1.0/24"',
  ],
  [
    'a reservation outside every subnet',
    `${server}${second}${reservation(yealink, '10.20.2.5')}`,
    'line 13: dhcp.reservation[0].address = "10.20.2.5": is in no served subnet; name one inside "10.20.0.0/24", "10.20.1.0/24"',
  ],
  [
    'a reservation of a broadcast address',
    `${server}${reservation(yealink, '10.20.0.255')}`,
    'line 9: dhcp.reservation[0].address = "10.20.0.255": is the network or broadcast address of "10.20.0.0/24"; name another',
  ],
  [
    "a reservation of the box's own address",
    `${server}${reservation(yealink, '10.20.0.1')}`,
    'line 9: dhcp.reservation[0].address = "10.20.0.1": is the box\'s own address too; reserve another',
  ],
  [
    'an address reserved twice',
    `${server}${reservation(yealink, '10.20.0.5')}${reservation('80:5e:c0:00:00:02', '10.20.0.5')}`,
    'line 12: dhcp.reservation[1].address = "10.20.0.5": is dhcp.reservation[0].address too; reserve another',
  ],
  [
    'a device with two addresses in one subnet, however its MAC is written',
    `${server}${reservation(yealink, '10.20.0.5')}${reservation('80-5E-C0-00-00-01', '10.20.0.6')}`,
    'line 11: dhcp.reservation[1].mac = "80-5E-C0-00-00-01": has dhcp.reservation[0] in the same subnet; reserve one address a device and subnet',
  ],
  [
    'a reservation for what is no MAC',
    `${server}${reservation('80:5e:c0', '10.20.0.5')}`,
    'line 8: dhcp.reservation[0].mac = "80:5e:c0": must be a MAC, such as "80:5e:c0:12:34:56"',
  ],
])('refuses %s', (_what, source, problem) => {
  expect(problemsOf(source)).toEqual([problem]);
});
