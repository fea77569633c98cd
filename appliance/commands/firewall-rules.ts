/**
 * The nftables rules of the box: what the settings need is let in, nothing else, and nothing is forwarded between its networks. Media
 * that the kernel relays doesn't come this far.
 * Pure.
 */
import type { Config } from '../config.ts';
import { watchedCards } from '../config/networks.ts';
import { wantedParts } from '../config/parts.ts';
import { dhcpCards } from './unit-files.ts';

/** A rule, and what it is for. */
interface Opening {
  readonly match: string;
  readonly about: string;
}

/**
 * Text for `nft -f`, which takes the place of what was there in one step. An accept here does not lift a drop in a table of
 * somebody else's, and the other way round.
 */
export function firewallRules(config: Config): string {
  const openings = openingsOf(config).map(({ match, about }) => `    ${match} accept comment "${about}"`);
  return `# Written by \`gatehouse firewall\` from the settings: changes here are lost.
table inet gatehouse_base
delete table inet gatehouse_base
table inet gatehouse_base {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    ct state invalid drop
    # An address of ours is reached through its own card only: no network gets at what belongs to another.
    fib daddr . iif type != { local, broadcast, multicast } drop
    icmp type echo-request limit rate 20/second accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
${openings.join('\n')}
    counter comment "refused"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    counter comment "not forwarded"
  }
${departure(config)}}
`;
}

/** Media that the relay sends itself. It marks packets by rules of its own, where it may make any; Node has no way for datagrams. */
function departure(config: Config): string {
  if (!wantedParts(config).rtp) return '';
  const { first_port: first, last_port: last } = config.rtp;
  return `  chain output {
    type filter hook output priority mangle; policy accept;
    udp sport ${first}-${last} ip dscp set ef
  }
`;
}

function openingsOf(config: Config): Opening[] {
  const { site, provisioning, sip, rtp, web } = config;
  const wanted = wantedParts(config);
  const { address, former_addresses: former } = site;
  const box = `ip daddr ${former.length === 0 ? address : setOf([address, ...former])}`;
  const tcp = (ports: readonly number[]) => `tcp dport ${setOf(ports)}`;
  return [
    ...when(wanted.dhcp, {
      match: `iifname ${setOf(dhcpCards(config).map(quoted))} udp dport { 67, 68 }`,
      about: 'DHCP',
    }),
    ...when(!wanted.dhcp, {
      match: `iifname ${setOf([...watchedCards(config).keys()].map(quoted))} udp sport 67 udp dport 68`,
      about: 'what other DHCP servers answer',
    }),
    { match: `${box} udp dport 123`, about: 'time' },
    ...when(wanted.provisioning, {
      match: `${box} ${tcp([provisioning.http_port, provisioning.https_port])}`,
      about: 'provisioning',
    }),
    ...when(wanted.provisioning && provisioning.pnp !== 'off', {
      match: 'ip daddr 224.0.1.75 udp dport 5060',
      about: 'SIP plug and play',
    }),
    ...when(wanted.provisioning && provisioning.syslog, {
      match: `ip daddr ${address} udp dport 514`,
      about: 'syslog of phones',
    }),
    ...when(wanted.sip && sip.udp_port > 0, {
      match: `${box} udp dport ${sip.udp_port}`,
      about: 'SIP',
    }),
    ...when(wanted.sip && sip.tcp_port + sip.tls_port > 0, {
      match: `${box} ${tcp([sip.tcp_port, sip.tls_port].filter((port) => port > 0))}`,
      about: 'SIP',
    }),
    // From the cloud too, by any card; the relay takes only what belongs to a call.
    ...when(wanted.rtp, { match: `udp dport ${rtp.first_port}-${rtp.last_port}`, about: 'media' }),
    ...when(!web.address.startsWith('127.'), {
      match: `${web.address === '0.0.0.0' ? '' : `ip daddr ${web.address} `}${tcp([web.port, ...(web.https_port === undefined ? [] : [web.https_port]), ...web.other_tcp_ports])}`,
      about: 'page and management',
    }),
  ];
}

function when(isWanted: boolean, opening: Opening): Opening[] {
  return isWanted ? [opening] : [];
}

function setOf(items: readonly (string | number)[]): string {
  return `{ ${[...new Set(items)].join(', ')} }`;
}

/** Throws for a name that could end the string: the settings allow more than cards are called in life. */
function quoted(card: string): string {
  if (!/^[\w.:@-]+$/.test(card)) throw new Error(`card "${card}": firewall rules can't name it; rename it`);
  return `"${card}"`;
}
