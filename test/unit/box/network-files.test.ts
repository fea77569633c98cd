import { expect, it } from 'vitest';
import { isOurFile, leftoverOf, networkFiles } from '../../../appliance/box/network-files.ts';
import { parseConfig } from '../../../appliance/config.ts';

const settings = (cards: string, more = '') =>
  `[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "off"\n${more}${cards}`;

const boxOf = (cards: string) => parseConfig(settings(cards)).box;

function filesOf(cards: string): Record<string, string> {
  return Object.fromEntries(networkFiles(boxOf(cards)).map(({ name, text }) => [name, text]));
}

const phones = '[[box.card]]\nname = "eth0"\nrole = "phones"\naddress = "10.20.0.1/24"\n';

it('a fixed address stays without a cable, and nothing else comes to the card by itself', () => {
  const files = filesOf(`${phones}gateway = "10.20.0.254"\ndns = ["10.20.0.253", "10.20.0.252"]\n`);
  expect(files['10-gatehouse-eth0.network']?.split('\n').slice(1)).toEqual([
    '[Match]',
    'Name=eth0',
    '',
    '[Link]',
    'RequiredForOnline=no',
    '',
    '[Network]',
    'DHCP=no',
    'LinkLocalAddressing=no',
    'IPv6AcceptRA=no',
    'LLDP=no',
    'ConfigureWithoutCarrier=yes',
    'IgnoreCarrierLoss=yes',
    'Address=10.20.0.1/24',
    'Gateway=10.20.0.254',
    'DNS=10.20.0.253',
    'DNS=10.20.0.252',
    '',
  ]);
  expect(files['79-gatehouse-others.network']).toContain('Unmanaged=yes');
});

it('a card by MAC is matched without its own sub-interfaces, and asks by DHCP for no more than an address', () => {
  const files = filesOf(`${phones}[[box.card]]\nmac = "52:54:00:AB:CD:EF"\nrole = "wan"\n`);
  expect(files['10-gatehouse-525400abcdef.network']).toMatch(
    /MACAddress=52:54:00:ab:cd:ef\nType=ether\nKind=!\*\n[^]*DHCP=ipv4[^]*UseNTP=no\nUseDomains=no/,
  );
});

it('a tagged network is a sub-interface of its card, which itself has no address', () => {
  const cards = `[[box.card]]\nname = "eth0"\nvlan = 20\nrole = "phones"\naddress = "10.20.0.1/24"\n[[box.card]]\nname = "eth0"\nvlan = 30\nrole = "wan"\n`;
  const files = filesOf(cards);
  expect(files['10-gatehouse-eth0.network']).toMatch(/DHCP=no\n[^]*VLAN=eth0\.20\nVLAN=eth0\.30\n/);
  expect(files['10-gatehouse-eth0.network']).not.toContain('Address=');
  expect(files['10-gatehouse-eth0.20.netdev']).toMatch(/Name=eth0\.20\nKind=vlan\n\n\[VLAN\]\nId=20\n/);
  expect(files['10-gatehouse-eth0.20.network']).toContain('Address=10.20.0.1/24');
});

const tagged = (vlan: number) =>
  `[[box.card]]\nname = "eth1"\nvlan = ${vlan}\nrole = "wan"\naddress = "10.9.${vlan}.2/24"\n`;

it('what changed is emptied before, a tagged network that is gone is removed, and the rest is left alone', () => {
  const before = boxOf(`${phones}${tagged(20)}${tagged(30)}`);
  expect(leftoverOf(before, before)).toEqual({ gone: [], changed: [] });
  const now = boxOf(`${phones}gateway = "10.20.0.254"\n${tagged(30)}`);
  expect(leftoverOf(before, now)).toEqual({ gone: ['eth1.20'], changed: ['eth0'] });
  expect(leftoverOf(before, boxOf(''))).toEqual({ gone: ['eth1.20', 'eth1.30'], changed: ['eth0'] });
  expect(leftoverOf(boxOf(''), boxOf(phones))).toEqual({ gone: [], changed: ['eth0'] });
});

it('without cards in the settings the machine keeps its own files', () => {
  expect(networkFiles(boxOf(''))).toEqual([]);
  expect(Object.keys(filesOf(phones)).every(isOurFile)).toBe(true);
  expect(['80-wired.network', '10-own.network', '10-gatehouse-x.conf'].some(isOurFile)).toBe(false);
});

const wrong: [string, string, RegExp][] = [
  ['no card', '[[box.card]]\nrole = "wan"\n', /name the card by name or by mac/],
  ['two names of one', '[[box.card]]\nname = "a"\nmac = "52:54:00:ab:cd:ef"\nrole = "wan"\n', /one of them/],
  ['a card twice', `${phones}[[box.card]]\nname = "eth0"\nrole = "wan"\n`, /stands in another/],
  [
    'two ways out',
    `${phones}gateway = "10.20.0.2"\n[[box.card]]\nname = "b"\nrole = "wan"\naddress = "10.9.0.2/24"\ngateway = "10.9.0.1"\n`,
    /only one can be the way out/,
  ],
  ['a gateway elsewhere', `${phones}gateway = "10.21.0.254"\n`, /is not in 10\.20\.0\.1\/24/],
  ['itself as gateway', `${phones}gateway = "10.20.0.1"\n`, /or is the box itself/],
  [
    'the network for an address',
    '[[box.card]]\nname = "a"\nrole = "wan"\naddress = "10.9.0.0/24"\n',
    /take one between/,
  ],
  [
    'one network on two cards',
    `${phones}[[box.card]]\nname = "b"\nrole = "wan"\naddress = "10.20.0.129/25"\n`,
    /overlaps/,
  ],
  [
    'an address of phones that no card has',
    '[[box.card]]\nname = "a"\nrole = "phones"\naddress = "10.21.0.1/24"\n',
    /no \[\[box\.card\]\] has it/,
  ],
  ['a card that is no name', '[[box.card]]\nname = "../x"\nrole = "wan"\n', /network card/],
  ['a line break in a name', '[[box.card]]\nname = "a\\nUnmanaged=no"\nrole = "wan"\n', /network card/],
];

it.each(wrong)('%s is refused with what would be right', (_title, cards, words) => {
  expect(() => parseConfig(settings(cards))).toThrow(words);
});

it('the card of phones has a fixed address where the box speaks DHCP', () => {
  const cards = '[[box.card]]\nname = "eth0"\nrole = "phones"\n';
  const inform = `[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "inform"\n${cards}`;
  expect(() => parseConfig(inform)).toThrow(/needs a fixed address/);
  expect(parseConfig(settings(cards)).box.card).toHaveLength(1);
});
