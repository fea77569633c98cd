/** The keys of `[web]` in `gatehouse.toml`. */
import { Type } from '../schema.ts';
import { ipv4, list, port, table, text } from './values.ts';

export const Web = table({
  address: ipv4('Management address that the page listens on.', { default: '127.0.0.1' }),
  names: list(
    text('Name', {
      title: 'a host name alone (no "https://", no port, no path)',
      examples: ['gatehouse.example.com'],
      pattern: String.raw`^[a-zA-Z0-9](?:[a-zA-Z0-9.\-]{0,251}[a-zA-Z0-9])?$`,
    }),
    "Names by which browsers may ask for the page; its address always does. Any other name is refused, since a foreign site could have pointed it here. The box's own certificate names its addresses alone.",
  ),
  port: port('TCP port of the page.', 8080),
  https_port: Type.Optional(
    Type.Integer({
      description:
        'TCP port of the page over HTTPS, with a certificate that the box makes for itself; its own screen and `gatehouse setup-code` show the fingerprint. `web.port` then only leads there, but for who asks on loopback. Left out: no HTTPS, and a password crosses the network in clear.',
      minimum: 0,
      maximum: 65_535,
      examples: [8443],
    }),
  ),
  open_reading: Type.Boolean({
    description:
      'Whoever reaches the page may read it without signing in, names and numbers of people left out; orders still need the password. A page on loopback for which no password was chosen is open to this machine.',
    default: false,
  }),
  metrics_token_file: Type.Optional(
    text(
      'File with a token, readable by the box only: who sends it as a bearer token may read /metrics without signing in.',
      { examples: ['/etc/gatehouse/metrics.token'] },
    ),
  ),
  other_tcp_ports: list(
    port('TCP port', 22),
    'Further TCP ports that `gatehouse firewall` lets in on the management address, such as 22 for ssh.',
  ),
  socket: Type.Optional(
    text('Unix socket on which the page answers too.', { examples: ['/run/gatehouse/web.sock'] }),
  ),
});
