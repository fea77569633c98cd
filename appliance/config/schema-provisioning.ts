/** Settings of the provisioning proxy. */
import { Type } from '../schema.ts';
import { host, ipv4, list, port, seconds, table, text } from './values.ts';

export const Provisioning = table({
  http_port: port('TCP port for the first, plain stage that DHCP points to.', 80),
  https_port: port("TCP port for the later stages, with the box's own certificate.", 443),
  upstream_timeout_seconds: seconds('A phone never waits longer than this for the cloud.', 20, 120),
  kept_answers_only: Type.Boolean({
    description:
      'Act as in an outage: the cloud is not asked, phones that have asked before get what was kept for them. For work on the line; set it back after.',
    default: false,
  }),
  pnp: Type.Union([Type.Literal('off'), Type.Literal('watch'), Type.Literal('answer')], {
    description:
      'SIP plug and play (phones ask 224.0.1.75 for an address when DHCP names none; whoever answers first is believed): "watch" tells who else answers, "answer" also answers phones of known makes. For networks whose DHCP can\'t name the box.',
    default: 'off',
  }),
  templates_directory: text(
    "The site's own templates, which updates don't touch: `<vendor>/<name>` takes the place of the one of this name in firmware-templates/, `<vendor>/site.cfg.liquid` (site.xml.liquid for Poly, Cisco and Snom) is laid over last. `gatehouse config check` judges them. It need not be there.",
    { default: '/etc/gatehouse/templates' },
  ),
  syslog: Type.Boolean({
    description:
      'Yealink, Poly and Cisco phones that are led through the box send their logs to it by syslog (UDP 514), unless the cloud names another server. The last lines of each are kept for some time, without passwords, one-time paths and dialled codes; `phone MAC` and the page show them.',
    default: false,
  }),
  syslog_server: Type.Optional(
    ipv4(
      "In place of `syslog`: another server that those phones send their logs to. Left out, with `syslog` off: phones' logging is not touched.",
    ),
  ),
  extra_first_stage_hosts: list(host(), "More hosts, by exact name, that may serve a phone's first stage."),
  extra_later_stage_hosts: list(host(), 'More hosts, by exact name, that may serve later stages over HTTPS.'),
  below_minimum: Type.Union([Type.Literal('warn'), Type.Literal('hold'), Type.Literal('offer')], {
    description:
      'What happens to a phone whose firmware is below the minimum of SIP Gateway: "warn" (page and `check` say so), "hold" (its first request is answered with "try later" until it was updated by other means), "offer" (it is offered the firmware of the store, where that vendor\'s phones can be). Cisco\'s enterprise firmware counts as below.',
    default: 'warn',
  }),
  offer_updates: Type.Boolean({
    description:
      'Offer firmware of the store to phones that could go on without it: all that run less than it, but nothing newer than what Microsoft approved.',
    default: false,
  }),
  firmware_pilot: Type.Integer({
    description:
      'So many phones of a model are offered a version first; the others when so many came back with it. Lower it to go on without one that never comes back.',
    default: 2,
    minimum: 1,
    maximum: 1000,
  }),
  firmware_directory: Type.Optional(
    text(
      'Folder of firmware files, `<vendor>/<model>/<version>/<file>`; left out: `provisioning/firmware` in the state directory.',
      { examples: ['/srv/firmware'] },
    ),
  ),
  forward_phone_logs: Type.Boolean({
    description:
      'Pass the logs that Poly phones upload on to where they would go without this box. Either way the last ones are kept here, and `phone MAC` shows them.',
    default: false,
  }),
  firmware_mbit_per_second: Type.Integer({
    description:
      'All firmware downloads together take no more than this, so that calls and configuration have room.',
    default: 100,
    minimum: 1,
    maximum: 10_000,
  }),
  allow_cleartext: list(
    text('vendor'),
    'Vendors whose phones can\'t be given our certificate authority and may fetch later stages and register in clear; "other" is every device of no known vendor. Shown red on the page.',
  ),
});
