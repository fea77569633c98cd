/** `[box]`: the machine's own network cards, where Gatehouse sets them up (the image; elsewhere systemd-networkd must run). */
import { Type } from '../schema.ts';
import { card, ipv4, list, octet, seconds, table, text } from './values.ts';

const BoxCard = Type.Object(
  {
    name: Type.Optional(card('The card, as `ip link` calls it.')),
    mac: Type.Optional(
      text('Or by its MAC, which stays when a card is added.', {
        title: 'a MAC',
        examples: ['52:54:00:12:34:56'],
        pattern: '^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$',
      }),
    ),
    vlan: Type.Optional(
      Type.Integer({
        description:
          'The tagged network of this number on the card; it is called NAME.NUMBER, such as eth0.20.',
        minimum: 1,
        maximum: 4094,
        examples: [20],
      }),
    ),
    role: Type.Union([Type.Literal('phones'), Type.Literal('management'), Type.Literal('wan')], {
      description: 'What it leads to: "phones", "management" or "wan". Networks are never joined.',
    }),
    address: Type.Optional(
      Type.String({
        description: 'Its fixed address with prefix length. Left out: it asks for one by DHCP.',
        title: 'an IPv4 address with its prefix length',
        examples: ['10.20.0.1/24'],
        pattern: String.raw`^${octet}(?:\.${octet}){3}/(?:[1-9]|[12][0-9]|3[0-2])$`,
      }),
    ),
    gateway: Type.Optional(ipv4('The router behind it; on one card only.', { examples: ['10.20.0.254'] })),
    dns: list(ipv4('An IPv4 address.'), 'Name servers that are asked through it.'),
  },
  { additionalProperties: false },
);

export const BoxSettings = table({
  card: list(
    BoxCard,
    'Network cards, one [[box.card]] table each; a card that none names is not used. Without any, the machine keeps its own network settings (the image asks for an address on every card).',
  ),
  time_servers: list(
    text('A host name or an IPv4 address, and " nts" behind it where the server has NTS.', {
      title: 'a host name or an IPv4 address, with " nts" behind it where the server has NTS',
      examples: ['10.20.0.1', 'ntp.example.com nts'],
      pattern: String.raw`^[a-zA-Z0-9](?:[a-zA-Z0-9.\-]{0,251}[a-zA-Z0-9])?(?: nts)?$`,
    }),
    'Whom the box itself asks for the time, in place of the four of the image. Phones ask the box (dhcp.ntp_servers). On the image only.',
  ),
  settings_key: Type.Optional(
    text(
      "Public key (ed25519, 32 bytes in base64) of who may bring other settings for this box, or a factory reset, on a stick. Left out: a stick's settings are taken only while nobody has configured the box.",
      {
        title: 'an ed25519 public key, 44 characters of base64',
        examples: ['11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
        pattern: '^[A-Za-z0-9+/]{43}=$',
      },
    ),
  ),
  settings_serial: Type.Integer({
    description: 'Counts up with each file that is signed for a stick: an older one is not taken again.',
    default: 0,
    minimum: 0,
  }),
  confirm_seconds: seconds(
    'A change of the network is taken back when the admin, signed in at the new address or at the screen, does not confirm it within this time.',
    120,
    3600,
  ),
});
