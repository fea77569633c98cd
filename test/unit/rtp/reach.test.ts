import { expect, it } from 'vitest';
import { parseCidr } from '../../../appliance/protocol/ipv4.ts';
import type { Remote } from '../../../appliance/protocol/media-control.ts';
import { withinReach, type Ours } from '../../../appliance/rtp/reach.ts';

const route = (card: string, net: string, gateway?: string) => {
  const { network, prefix } = parseCidr(net);
  return { card, destination: network, mask: (0xff_ff_ff_ff << (32 - prefix)) >>> 0, gateway, metric: 0 };
};
const own = (card: string, address: string, broadcast?: string) => ({
  card,
  address,
  broadcast: broadcast === undefined ? undefined : parseCidr(broadcast),
});

/** Phones on `lan`, more of them behind a router there; administrators on `mgmt`, the internet behind `wan`. */
const around = {
  networks: [
    own('lo', '127.0.0.1'),
    own('lan', '10.66.0.1', '10.66.0.255'),
    own('mgmt', '10.99.0.1', '10.99.0.255'),
    own('wan', '192.0.2.2', '192.0.2.255'),
    own('dsl', '198.51.100.2', '198.51.100.255'),
  ],
  routes: [
    route('lan', '10.66.0.0/24'),
    route('lan', '10.67.0.0/16', '10.66.0.254'),
    route('mgmt', '10.99.0.0/24'),
    route('wan', '192.0.2.0/24'),
    route('dsl', '52.112.0.0/14', '198.51.100.1'),
    { card: 'wan', destination: 0, mask: 0, gateway: '192.0.2.1', metric: 0 },
  ],
};
const ports = { firstPort: 20_000, lastPort: 29_999, cloudNetworks: ['52.112.0.0/14'] };
const phone: Ours = { address: '10.66.0.1', ...ports };
const cloud: Ours = { address: '192.0.2.2', ...ports };

const remote = (address: string, more: Partial<Remote> = {}): Remote => ({
  address,
  port: 4000,
  rtcpPort: 4001,
  allow: [address, '10.66.0.101'],
  ...more,
});

const good: [string, Ours, Remote][] = [
  ['a phone at the address of its signalling', phone, remote('10.66.0.101', { near: '10.66.0.101' })],
  ['a phone whose media has a card of its own', phone, remote('10.66.0.105', { near: '10.66.0.101' })],
  ['phones behind a router on the same network', phone, remote('10.67.3.4', { near: '10.67.0.9' })],
  ['a phone that came by another card', phone, remote('198.51.100.8', { near: '198.51.100.7' })],
  ['a media relay in the internet', cloud, remote('203.0.113.7')],
  ['one of the service that has a line of its own', cloud, remote('52.112.0.7')],
  ['one behind another line than the main one', { ...cloud, address: '198.51.100.2' }, remote('203.0.113.7')],
  [
    'a call that leads into another one of ours',
    cloud,
    remote('192.0.2.2', { port: 20_004, rtcpPort: 20_005 }),
  ],
  ['the same without reports', cloud, remote('192.0.2.2', { port: 20_004, rtcpPort: 0 })],
  ['one who wants no media for now', phone, remote('0.0.0.0')],
];

it.each(good)('media goes to %s', (_who, ours, told) => {
  expect(withinReach(told, ours, around)).toBe(told);
});

const bad: [string, Ours, Remote][] = [
  ['the management network', phone, remote('10.99.0.5', { near: '10.66.0.101' })],
  ['the internet', phone, remote('203.0.113.9', { near: '10.66.0.101' })],
  ['the phones, by the cloud', cloud, remote('10.66.0.102')],
  ['everybody on its network', phone, remote('10.66.0.255', { near: '10.66.0.101' })],
  ['everybody', phone, remote('255.255.255.255', { near: '10.66.0.101' })],
  ['a group', phone, remote('239.1.1.1', { near: '10.66.0.101' })],
  ['programs on the box itself', phone, remote('10.99.0.1', { port: 161, rtcpPort: 20_001 })],
  ['their reports to programs there', phone, remote('10.66.0.1', { port: 20_000, rtcpPort: 161 })],
  ['the loopback of the box', phone, remote('127.0.0.1')],
];

it.each(bad)('a description can not lead it to %s', (_who, ours, told) => {
  const address = told.near ?? '0.0.0.0';
  expect(withinReach(told, ours, around)).toEqual({ ...told, address, allow: ['10.66.0.101'] });
});

it('where all ends are on one machine they reach each other', () => {
  const ours = { address: '127.0.0.1', ...ports };
  const told = remote('127.0.0.9');
  expect(withinReach(told, ours, around)).toBe(told);
  expect(withinReach(remote('10.66.0.101'), ours, around)).toMatchObject({ address: '0.0.0.0' });
});

it('what the kernel knows no way to is left to it', () => {
  const told = remote('203.0.113.9', { near: '10.66.0.101' });
  expect(withinReach(told, phone, { ...around, routes: around.routes.slice(0, 5) })).toBe(told);
});

it('a card that has just come up, in the routes and not yet among the networks, is where its address is', () => {
  const early = { ...around, networks: around.networks.filter(({ card }) => card !== 'lan') };
  const told = remote('10.66.0.102');
  expect(withinReach(told, phone, early)).toBe(told);
  expect(withinReach(remote('10.99.0.7'), phone, early)).toMatchObject({ address: '0.0.0.0' });
});
