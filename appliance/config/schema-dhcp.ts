/** Settings of the DHCP part. */
import { Type } from '../schema.ts';
import { card, cidr, ipv4, list, seconds, table, text } from './values.ts';

const range = (description: string) =>
  Type.Array(ipv4('address'), {
    description,
    title: 'a list of two addresses, the first and the last',
    examples: [['10.20.0.100', '10.20.0.199']],
    minItems: 2,
    maxItems: 2,
  });

const Network = Type.Object(
  {
    interface: Type.Optional(
      card(
        'Card on which its clients are heard. Left out: dhcp.interface. The first network of a card is the one on its wire, further ones are behind relays.',
        { examples: ['eth1'] },
      ),
    ),
    subnet: cidr('Its subnet.'),
    pools: Type.Array(range('First and last address'), {
      description: 'Ranges of addresses to give out, each a list of its first and last.',
      title: 'a list of ranges',
      examples: [[['10.20.1.100', '10.20.1.199']]],
      minItems: 1,
      maxItems: 100,
    }),
    routers: list(
      ipv4('address'),
      'Its default gateways (option 3), by which phones there reach the box too.',
    ),
    dns_servers: Type.Optional(
      Type.Array(ipv4('address'), {
        description: 'Name servers there. Left out: those of [dhcp].',
        examples: [['10.20.1.1']],
      }),
    ),
    ntp_servers: Type.Optional(
      Type.Array(ipv4('address'), {
        description: 'Time servers there. Left out: those of [dhcp].',
        examples: [['10.20.1.1']],
      }),
    ),
    lease_seconds: Type.Optional(
      Type.Integer({
        description: 'How long a lease lasts there. Left out: dhcp.lease_seconds.',
        examples: [28_800],
        minimum: 1,
        maximum: 31_536_000,
      }),
    ),
    known_servers: Type.Optional(
      Type.Array(ipv4('address'), {
        description: 'Other DHCP servers that belong there. Left out: those of [dhcp].',
        examples: [['10.20.1.9']],
      }),
    ),
  },
  { additionalProperties: false },
);

const count = (description: string, value: number) =>
  Type.Integer({ description, default: value, minimum: 0, maximum: 1_000_000 });

const Limits = table({
  messages_per_mac_per_minute: count(
    'Messages taken from one MAC in a minute, all at once if need be. 0: no limit.',
    120,
  ),
  messages_per_circuit_per_minute: count(
    'The same for one circuit of option 82. 0: no limit, which is right where a relay names itself or a VLAN and not a switch port.',
    0,
  ),
  leases_per_circuit: count('Most leases of one circuit of option 82 at a time. 0: no limit, as above.', 0),
  new_clients_per_second: count(
    'Clients never heard of that are offered an address in a second, after the first 20,000.',
    500,
  ),
  pending_offers: Type.Integer({
    description: 'Offers of each network that wait for their client; the oldest gives way to a new one.',
    default: 4096,
    minimum: 1,
    maximum: 1_000_000,
  }),
});

const Reservation = Type.Object(
  {
    mac: text('The one device that gets this address.', {
      title: 'a MAC',
      examples: ['80:5e:c0:12:34:56'],
      pattern: String.raw`^[0-9a-fA-F]{2}(?:[:\-]?[0-9a-fA-F]{2}){5}$`,
    }),
    address: ipv4('Address inside a served subnet, inside or outside its pools; nobody else gets it.'),
    name: Type.Optional(text('What people call the device.', { examples: ['Reception'] })),
  },
  { additionalProperties: false },
);

const Vendor = Type.Object(
  {
    vendor: Type.Union(
      [
        'yealink',
        'poly',
        'cisco',
        'audiocodes',
        'ale',
        'snom',
        'gigaset',
        'spectralink',
        'ascom',
        'algo',
        '2n',
      ].map((name) => Type.Literal(name)),
      { description: 'Whose phones.', examples: ['yealink'] },
    ),
    options: Type.Optional(
      Type.Array(Type.Union([43, 66, 114, 159, 160].map((code) => Type.Literal(code))), {
        description:
          'Options that carry the provisioning URL. Left out: what is known of the vendor. Empty: none, its phones get it elsewhere.',
        examples: [[66]],
        maxItems: 5,
      }),
    ),
    form: Type.Optional(
      Type.Union([Type.Literal('url'), Type.Literal('host'), Type.Literal('address')], {
        description:
          'How it is written: "url", or only the "host" or "address" for firmware that takes nothing else; then language, tenant and file name are left to the phone. Left out: "url".',
        examples: ['url'],
      }),
    ),
  },
  { additionalProperties: false },
);

const DhcpRelay = table({
  servers: list(ipv4('address'), 'Addresses of the DHCP servers; answers from others are dropped.'),
  uplink: Type.Optional(
    card("Card through which the servers are reached. Left out: the phones' own.", { examples: ['eth1'] }),
  ),
  uplink_address: Type.Optional(
    ipv4(
      "The box's own address that the servers answer to, when they have no route to site.address. They have to choose the phones' subnet by link selection then (RFC 3527).",
    ),
  ),
  hop_limit: Type.Integer({
    description: 'Requests that passed this many relays are dropped.',
    default: 4,
    minimum: 1,
    maximum: 16,
  }),
  trust_option_82: Type.Boolean({
    description:
      "Take requests that carry option 82 without a relay's address, as switches with DHCP snooping send them, and keep their option. Otherwise they are dropped: a device could have put it there itself.",
    default: false,
  }),
  options: Type.Union([Type.Literal('keep'), Type.Literal('replace')], {
    description:
      'Where a server already tells phones one of the options for the URL, time servers or time offset: "keep" its value, or "replace" it by ours.',
    default: 'keep',
  }),
});

export const Dhcp = table({
  mode: Type.Union(
    [Type.Literal('server'), Type.Literal('inform'), Type.Literal('relay'), Type.Literal('off')],
    {
      description:
        '"server" gives out addresses on the subnet below; "inform" works beside another server and answers only phones that ask for options alone (DHCPINFORM); "relay" passes everything to the servers of [dhcp.relay] and adds what phones need to their answers; "off" answers nobody.',
      default: 'off',
    },
  ),
  interface: card('Card of the phones\' network, such as "eth0".', { default: 'eth0' }),
  authoritative: Type.Boolean({
    description:
      "This is the network's only DHCP server: a client that asks for an address it doesn't know is told no at once, not left in silence. Addresses are offered from the start even while another server answers; otherwise not before that one is gone.",
    default: false,
  }),
  subnet: Type.Optional(cidr('Subnet to serve, such as "10.20.0.0/24".')),
  pool: Type.Optional(range('First and last address to give out.')),
  routers: list(ipv4('address'), 'Default gateways (option 3). Empty: none is sent.'),
  dns_servers: list(ipv4('address'), 'Name servers (option 6). Empty: none is sent.'),
  ntp_servers: list(
    ipv4('address'),
    'Time servers for phones (option 42). Empty: the box itself, and then a time server (such as chrony) has to be installed on it; `gatehouse check` asks each.',
  ),
  lease_seconds: seconds('How long a lease lasts.', 28_800, 31_536_000),
  voice_vlan: Type.Optional(
    Type.Integer({
      description:
        "Number of the voice VLAN, for phones of Yealink (option 132) and Poly (option 128) that start on the data VLAN and must be sent there. It belongs where phones start: not on the voice VLAN itself, and not where LLDP or CDP tells them (that wins anyway). Left out: phones aren't told.",
      examples: [20],
      minimum: 1,
      maximum: 4094,
    }),
  ),
  vendor: list(
    Vendor,
    "Where a vendor's phones get their provisioning URL, if not as usual; one [[dhcp.vendor]] table each.",
  ),
  phone_options_for_others: Type.Boolean({
    description:
      'Tell devices that are not known as phones what phones are told (URL in options 66 and 160, time server, time zone). Only for networks with nothing but phones: a computer may take the time server, and anything may ask for a configuration.',
    default: false,
  }),
  conflict_check: Type.Boolean({
    description:
      'Look ahead whether something already uses the next addresses, by a datagram to each, and give those to new clients that nothing answers for. No offer waits for it.',
    default: true,
  }),
  phones_only: Type.Boolean({
    description: 'Give addresses only to devices known as phones.',
    default: false,
  }),
  limits: Limits,
  network: Type.Array(Network, {
    description:
      'Further networks, on other cards or behind relays; one [[dhcp.network]] table each. The subnet above is the first.',
    default: [],
    maxItems: 250,
  }),
  reservation: Type.Array(Reservation, {
    description: 'Devices that always get the same address; one [[dhcp.reservation]] table each.',
    default: [],
    maxItems: 10_000,
  }),
  known_servers: list(
    ipv4('address'),
    "Server identifiers of other DHCP servers that belong on the phones' network: no alarm is raised for them.",
  ),
  probe_seconds: Type.Integer({
    description:
      'How often other DHCP servers are looked for by a DISCOVER of our own; 0 is never. Needs the socket on port 68 (systemd/README.md).',
    default: 600,
    minimum: 0,
    maximum: 86_400,
  }),
  relay: DhcpRelay,
});
