import { expect, it } from 'vitest';
import { parseRoutes } from '../../../appliance/net/routes.ts';
import { cardWithoutEthernet, wayOf } from '../../../appliance/rtp/kernel-network.ts';

/** LAN 10.66.0.0/24 by one card, everything else by PPP or by a second card whose route is worse. */
const routes =
  parseRoutes(`Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0000420A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
eth1\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
`);
const addresses = new Set(['10.66.0.1']);
const withEthernet = (...cards: string[]) => ({ routes, addresses, cards: new Set(cards) });

it('a card without Ethernet is no way for the kernel, and is named where it leads to the internet', () => {
  const network = withEthernet('eth0', 'eth1');
  expect(wayOf(network, '203.0.113.50')).toBeUndefined();
  expect(wayOf(network, '10.66.0.101')).toEqual({ card: 'eth0', gateway: undefined });
  expect(cardWithoutEthernet(network)).toBe('ppp0');
});

it('where it has, it is', () => {
  const network = withEthernet('eth0', 'eth1', 'ppp0');
  expect(wayOf(network, '203.0.113.50')).toEqual({ card: 'ppp0', gateway: undefined });
  expect(wayOf(network, '10.66.0.1'), 'ours').toBeUndefined();
  expect(cardWithoutEthernet(network)).toBeUndefined();
  expect(cardWithoutEthernet({ ...network, routes: [] }), 'no way there at all').toBeUndefined();
});
