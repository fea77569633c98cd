/** What the machine's cards may be alone but not beside the others. Pure. */
import { contradiction, type Problem, type Rule } from './problems.ts';
import type { Config } from './schema.ts';
import { overlaps } from './networks.ts';
import { broadcastAddress, contains, parseCidr, parseIpv4 } from '../protocol/ipv4.ts';

type Card = Config['box']['card'][number];

export const boxRules: readonly Rule[] = [
  { keys: ['box.card'], find: (config) => config.box.card.flatMap(oneCard) },
  { keys: ['box.card'], find: twice },
  { keys: ['box.card'], find: joined },
  { keys: ['box.card', 'dhcp.mode'], find: phonesCard },
  { keys: ['box.card', 'site.address', 'site.former_addresses', 'web.address'], find: addressesNotThere },
];

const at = (index: number, key: string) => `box.card[${index}].${key}`;

function oneCard(card: Card, index: number): Problem[] {
  const problems: Problem[] = [];
  if ((card.name === undefined) === (card.mac === undefined))
    problems.push({
      key: `box.card[${index}]`,
      message: `box.card[${index}]: name the card by name or by mac, one of them`,
    });
  if (card.vlan !== undefined && card.name !== undefined && `${card.name}.${card.vlan}`.length > 15)
    problems.push(
      contradiction(
        at(index, 'name'),
        card.name,
        'is too long for a name with a VLAN; name the card by its mac',
      ),
    );
  if (card.address !== undefined && isNoHost(card.address))
    problems.push(
      contradiction(
        at(index, 'address'),
        card.address,
        'is the address of the network itself, or everybody on it; take one between',
      ),
    );
  if (card.gateway !== undefined && card.address === undefined)
    problems.push(
      contradiction(at(index, 'gateway'), card.gateway, 'needs an address too; by DHCP the router is told'),
    );
  if (card.gateway !== undefined && card.address !== undefined && !isNeighbour(card.address, card.gateway))
    problems.push(
      contradiction(at(index, 'gateway'), card.gateway, `is not in ${card.address}, or is the box itself`),
    );
  return problems;
}

function isNoHost(cidr: string): boolean {
  const net = parseCidr(cidr);
  const own = parseIpv4(addressOf(cidr));
  // RFC 3021: in a network of two addresses both are hosts.
  return net.prefix < 31 && (own === net.network || addressOf(cidr) === broadcastAddress(net));
}

function isNeighbour(cidr: string, address: string): boolean {
  return contains(parseCidr(cidr), address) && addressOf(cidr) !== address;
}

function addressOf(cidr: string): string {
  return cidr.slice(0, cidr.indexOf('/'));
}

function twice({ box }: Config): Problem[] {
  const names = box.card.map(({ name, mac, vlan }) => `${name ?? mac?.toLowerCase()}.${vlan ?? ''}`);
  const gateways = box.card.flatMap(({ gateway }, index) =>
    gateway === undefined ? [] : [{ gateway, index }],
  );
  return [
    ...names.flatMap((name, index) =>
      names.indexOf(name) === index
        ? []
        : [
            {
              key: `box.card[${index}]`,
              message: `box.card[${index}]: this card stands in another [[box.card]] too`,
            },
          ],
    ),
    ...gateways
      .slice(1)
      .map(({ gateway, index }) =>
        contradiction(
          at(index, 'gateway'),
          gateway,
          'another card has a gateway too; only one can be the way out',
        ),
      ),
  ];
}

/** One network on two cards: the kernel would answer by either. */
function joined({ box }: Config): Problem[] {
  const fixed = box.card.flatMap(({ address }, index) => (address === undefined ? [] : [{ address, index }]));
  return fixed.flatMap(({ address, index }, place) => {
    const other = fixed
      .slice(0, place)
      .find((before) => overlaps(parseCidr(before.address), parseCidr(address)));
    if (other === undefined) return [];
    return [contradiction(at(index, 'address'), address, `overlaps ${other.address} of another card`)];
  });
}

/** The kernel's DHCP client would hold the port on which other servers are looked for, and phones must find the box where it was. */
function phonesCard({ box, dhcp }: Config): Problem[] {
  if (dhcp.mode === 'off') return [];
  return box.card.flatMap(({ role, address }, index) =>
    role === 'phones' && address === undefined
      ? [
          contradiction(
            at(index, 'role'),
            role,
            `with dhcp.mode = "${dhcp.mode}" this card needs a fixed address`,
          ),
        ]
      : [],
  );
}

function addressesNotThere({ box, site, web }: Config): Problem[] {
  if (box.card.length === 0 || box.card.some(({ address }) => address === undefined)) return [];
  const own = new Set(box.card.flatMap(({ address }) => (address === undefined ? [] : [addressOf(address)])));
  const isOwn = (address: string) => own.has(address) || address.startsWith('127.') || address === '0.0.0.0';
  return [
    ...(isOwn(site.address) ? [] : [contradiction('site.address', site.address, 'no [[box.card]] has it')]),
    ...(isOwn(web.address) ? [] : [contradiction('web.address', web.address, 'no [[box.card]] has it')]),
  ];
}
