/** Every key of `gatehouse.toml`: type, default, range and the sentence that `config print` shows for it. */
import { BoxSettings } from './schema-box.ts';
import { DialPlan } from './schema-survival.ts';
import { Web } from './schema-web.ts';
import { Type, type Static } from '../schema.ts';
import { Dhcp } from './schema-dhcp.ts';
import { Emergency, Gateway } from './schema-emergency.ts';
import { Provisioning } from './schema-provisioning.ts';
import { Update } from './schema-update.ts';
import { card, cidr, host, ipv4, list, port, seconds, table, text } from './values.ts';

const PostureRule = Type.Object(
  {
    posture: Type.Union([Type.Literal('assist'), Type.Literal('provision'), Type.Literal('full')], {
      description: 'As `site.posture`, for the phones that this table names.',
    }),
    vendor: Type.Optional(text('Their vendor.', { examples: ['yealink'] })),
    model: Type.Optional(text('Their model, as the phone names it.', { examples: ['T46S'] })),
    mac: Type.Optional(
      text('This one phone.', {
        title: 'a MAC',
        examples: ['80:5e:c0:12:34:56'],
        pattern: String.raw`^[0-9a-fA-F]{2}(?:[:\-]?[0-9a-fA-F]{2}){5}$`,
      }),
    ),
  },
  { additionalProperties: false },
);

const Site = table({
  name: text('What people call this site; stands on the page and in the cloud.', { default: 'office' }),
  region: Type.Union([Type.Literal('noam'), Type.Literal('emea'), Type.Literal('apac')], {
    description: 'SIP Gateway region: "noam", "emea" or "apac".',
    default: 'emea',
  }),
  time_zone: text(
    'IANA name of the time zone, such as "Europe/Berlin"; DHCP option 2 is computed from it, and what Yealink and Poly phones that are led through the box are told.',
    {
      default: 'UTC',
    },
  ),
  tenant_id: Type.Optional(
    text('Tenant GUID, put into the provisioning URL; bulk and zero-touch sign-in need it.', {
      title: 'a GUID',
      examples: ['3f2c8a10-5b7d-4e1f-9a6c-0d1e2f3a4b5c'],
      pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
    }),
  ),
  language: Type.Optional(
    Type.Union(
      ['en', 'es', 'ja', 'de', 'fr', 'pt'].map((code) => Type.Literal(code)),
      { description: 'Language on the phones: en, es, ja, de, fr or pt. Left out means English.' },
    ),
  ),
  posture: Type.Union([Type.Literal('assist'), Type.Literal('provision'), Type.Literal('full')], {
    description:
      'How far Gatehouse stands between phones and cloud: "assist" (DHCP and location only), "provision" (configuration too), "full" (SIP and media too). Phones that can\'t be given our certificate authority go to the cloud by themselves all the same; the page says which.',
    default: 'full',
  }),
  posture_for: list(
    PostureRule,
    'Vendors, models and phones with another posture than the site, one [[site.posture_for]] table each: a phone goes before a model, a model before a vendor. For a pilot, set `site.posture = "assist"` and name the pilot phones.',
  ),
  address: ipv4(
    "The box's own IPv4 address on the phones' network; phones are sent to it. Another address means another certificate authority, which phones have to be given anew: name the old one in `site.former_addresses` then.",
  ),
  former_addresses: list(
    ipv4('An IPv4 address.'),
    'Addresses that the box had before, and that its card still has: phones that were told them are served there and led to `site.address`. `gatehouse config check` says which phones have not come yet, and when one can go.',
  ),
  state_directory: text('Where each part keeps its database, in a folder of its own.', {
    default: '/var/lib/gatehouse',
  }),
  extra_ca_file: Type.Optional(
    text(
      'PEM file with more certificate authorities to trust for upstream hosts, for sites whose firewall inspects TLS.',
      { examples: ['/etc/gatehouse/company-ca.pem'] },
    ),
  ),
});

const Sip = table({
  engine: Type.Union([Type.Literal('embedded'), Type.Literal('drachtio')], {
    description:
      'Which SIP server carries the application: "embedded" is the one in this box; "drachtio" a drachtio server that you run. That one has listeners and certificates of its own, does not verify the certificates of registrars, shares its connections among phones, and does not tell when one is lost: outages are noticed later, and there are no ladders of calls. For trials.',
    default: 'embedded',
  }),
  drachtio_host: {
    ...host(),
    description: 'With `engine = "drachtio"`: where it takes applications.',
    default: '127.0.0.1',
  },
  drachtio_port: port('Its port for applications (TCP). The line to it is not encrypted.', 9022),
  drachtio_secret_file: Type.Optional(
    text('File with its secret, readable by the box only.', { examples: ['/etc/gatehouse/drachtio.secret'] }),
  ),
  udp_port: port('UDP port for phones; 0 turns it off.', 5060),
  tcp_port: port('TCP port for phones; 0 turns it off.', 5060),
  tls_port: port('TLS port for phones; 0 turns it off.', 5061),
  registrars: list(
    host(),
    "More registrar hosts, by exact name, that phones may be relayed to over TLS; the service's own are built in.",
  ),
  upstream_port: port('TLS port of the registrars.', 5061),
  large_requests_over_tcp: Type.Boolean({
    description:
      'Requests of more than 1300 bytes to phones on UDP are tried over TCP first (RFC 3261 section 18.1.1), and go over UDP as ever when the phone takes no connection. Few desk phones do, and datagrams in pieces pass most LANs.',
    default: false,
  }),
  return_per_second: Type.Integer({
    description: 'After an outage: phones a second that are handed back to the registrar.',
    default: 5,
    minimum: 1,
    maximum: 100,
  }),
  local_expires_udp_seconds: seconds(
    'Registration time told to phones on UDP, up to a tenth shorter or longer each time.',
    60,
    3600,
  ),
  local_expires_tcp_seconds: seconds('Registration time told to phones on TCP and TLS, likewise.', 120, 3600),
  ladder_days: Type.Integer({
    description:
      'How long the SIP messages of calls, and of registrations that failed, can be looked at: without keys, passwords, dialled codes and digits, 32 MB at most, the oldest go first. They name who called whom. 0: none are kept.',
    default: 3,
    minimum: 0,
    maximum: 30,
  }),
});

/** Those below are not for the user that the part runs as. */
const unprivileged = 1024;

const Rtp = table({
  first_port: port('First UDP port for media.', 20_000, unprivileged),
  last_port: port('Last UDP port for media.', 29_999, unprivileged),
  idle_seconds: seconds('A call without any media for this long is ended.', 60, 3600),
  kernel_path: Type.Union([Type.Literal('auto'), Type.Literal('on'), Type.Literal('off')], {
    description:
      'Whether the kernel relays media, by nftables rules in a table of their own, at a tenth of what it costs otherwise; calls then outlive this program. No other firewall rule sees those packets. "auto": where the part runs as a user of its own with the right to (the unit does), "on": as root too, "off": never.',
    default: 'auto',
  }),
  cloud_networks: Type.Array(cidr('A subnet.'), {
    description:
      "Where the cloud's media may come from besides the address that it signals, when that is a private one: the networks of the service.",
    default: ['52.112.0.0/14', '52.122.0.0/15'],
    maxItems: 32,
  }),
});

const Switch = Type.Object(
  {
    name: text('What people call this switch.', { examples: ['first floor'] }),
    address: ipv4('Its management address.'),
    version: Type.Union([Type.Literal('3'), Type.Literal('2c')], {
      description: 'SNMP version: "3" (authPriv) or "2c".',
      default: '3',
    }),
    port: port('UDP port of its SNMP agent.', 161),
    user: Type.Optional(text('SNMPv3 user (SHA-256, AES).', { examples: ['gatehouse'] })),
    secret_file: text(
      'File, readable by the box only: for "3" two lines, authentication and privacy password; for "2c" the community.',
      { examples: ['/etc/gatehouse/switch.secret'] },
    ),
  },
  { additionalProperties: false },
);

const Place = Type.Object(
  {
    place: text('Where it is, as an emergency responder needs it.', {
      examples: ['Building 2, floor 3, room 301'],
    }),
    chassis: Type.Optional(
      text('Switch chassis as the switch itself reports it (a MAC in any spelling, or its text).', {
        examples: ['00:1b:54:aa:00:01'],
      }),
    ),
    port: Type.Optional(
      text('Port as the switch itself reports it. Left out: the whole switch.', { examples: ['Gi1/0/3'] }),
    ),
    circuit_id: Type.Optional(
      text(
        "The port's circuit-id of option 82, as `gatehouse leases` shows it (text or hex digits), where that doesn't name the port as above.",
        { examples: ['000400140105'] },
      ),
    ),
    subnet: Type.Optional(cidr('Subnet, for phones whose port is not known.')),
  },
  { additionalProperties: false },
);

const Option82 = Type.Object(
  {
    relay: Type.Optional(
      ipv4(
        "Address that the relay gives as its own (giaddr). Left out: only requests without a relay's address count, as switches with DHCP snooping send them.",
      ),
    ),
    remote_id: Type.Optional(
      text(
        'Remote-id that has to be in it: what names the switch, as text, hex digits or a MAC in any spelling. Left out: whichever this relay passes on.',
        { examples: ['00:1b:54:aa:00:01'] },
      ),
    ),
    name: Type.Optional(text('What people call this switch.', { examples: ['second floor'] })),
    chassis: Type.Optional(
      text(
        "The switch's chassis as the wiremap has it. Left out: the remote-id, or the relay's address where there is none.",
        { examples: ['00:1b:54:aa:00:01'] },
      ),
    ),
  },
  { additionalProperties: false },
);

const Location = table({
  interface: Type.Optional(card('Card on which LLDP is listened to. Left out: no capture.')),
  poll_seconds: seconds('How often switches are asked when nothing happens.', 30, 3600),
  switch: list(
    Switch,
    'Switches whose LLDP tables say where phones are; one [[location.switch]] table each.',
  ),
  option_82: list(
    Option82,
    "Relays and switches whose option 82 in DHCP requests says where phones are; one [[location.option_82]] table each. Empty: nobody's, since any device can write it (appliance/location/OPTION-82.md).",
  ),
  wiremap: list(Place, 'Which port or subnet is which place; one [[location.wiremap]] table each.'),
});

const Cloud = table({
  url: Type.Optional(
    text('HTTPS address that journals are shipped to. Left out: nothing is shipped.', {
      title: 'an https address',
      examples: ['https://journal.example.com/v1'],
      pattern: String.raw`^https://[^/?#\s@]+(?:[/?#]\S*)?$`,
    }),
  ),
  token_file: Type.Optional(
    text("File with the site's bearer token, readable by the box only.", {
      examples: ['/etc/gatehouse/cloud.token'],
    }),
  ),
  batch_rows: Type.Integer({
    description: 'Most rows in one request.',
    default: 500,
    minimum: 1,
    maximum: 5000,
  }),
});

export const ConfigSchema = Type.Object(
  {
    site: Site,
    box: BoxSettings,
    dhcp: Dhcp,
    provisioning: Provisioning,
    sip: Sip,
    dial_plan: DialPlan,
    emergency: Emergency,
    gateway: Gateway,
    rtp: Rtp,
    location: Location,
    cloud: Cloud,
    web: Web,
    update: Update,
  },
  { additionalProperties: false, description: 'gatehouse.toml' },
);

export type Config = Static<typeof ConfigSchema>;
export type SiteConfig = Config['site'];
export type ProvisioningConfig = Config['provisioning'];
export type LocationConfig = Config['location'];
export type CloudConfig = Config['cloud'];
