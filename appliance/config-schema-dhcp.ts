/** Settings of the DHCP part. */
import { Type } from 'typebox';
import { card, cidr, ipv4, list, seconds, table } from './config-values.ts';

export const Dhcp = table({
  mode: Type.Union([Type.Literal('server'), Type.Literal('off')], {
    description: '"server" gives out addresses on the subnet below; "off" answers nobody.',
    default: 'off',
  }),
  interface: card('Card of the phones\' network, such as "eth0".', { default: 'eth0' }),
  authoritative: Type.Boolean({
    description:
      "This is the network's only DHCP server: a client that asks for an address it doesn't know is told no at once, not left in silence.",
    default: false,
  }),
  subnet: Type.Optional(cidr('Subnet to serve, such as "10.20.0.0/24".')),
  pool: Type.Optional(
    Type.Array(ipv4('address'), {
      description: 'First and last address to give out.',
      title: 'a list of two addresses, the first and the last',
      examples: [['10.20.0.100', '10.20.0.199']],
      minItems: 2,
      maxItems: 2,
    }),
  ),
  routers: list(ipv4('address'), 'Default gateways (option 3). Empty: none is sent.'),
  dns_servers: list(ipv4('address'), 'Name servers (option 6). Empty: none is sent.'),
  ntp_servers: list(
    ipv4('address'),
    'Time servers for phones (option 42). Empty: the box itself, and then a time server (such as chrony) has to be installed on it; `gatehouse check` asks each.',
  ),
  lease_seconds: seconds('How long a lease lasts.', 28_800, 31_536_000),
  phones_only: Type.Boolean({
    description: 'Give addresses only to devices known as phones.',
    default: false,
  }),
});
