import { expect, it } from 'vitest';
import { problemsOf } from '../../support/settings-problems.ts';

const site = '[site]\naddress = "10.20.0.1"\n';
const server = `${site}[dhcp]\nmode = "server"\nsubnet = "10.20.0.0/24"\n`;
const pool = 'pool = ["10.20.0.100", "10.20.0.199"]\n';

/** Title, file, everything that is said about it. */
const refused: [string, string, string[]][] = [
  [
    'a file that is not TOML is refused with line and column',
    'site\n',
    ['line 1, column 5: illegal character in key'],
  ],
  [
    'a file without site.address says what to write',
    '',
    ['site.address: is missing; write an IPv4 address, such as "10.20.0.1"'],
  ],
  [
    'an address with a zero in front is none',
    '[site]\naddress = "10.20.0.01"\n[box]\n[[box.card]]\nname = "eth0"\nrole = "phones"\naddress = "10.020.0.1/24"\n',
    [
      'line 2: site.address = "10.20.0.01": must be an IPv4 address, such as "10.20.0.1"',
      'line 7: box.card[0].address = "10.020.0.1/24": must be an IPv4 address with its prefix length, such as "10.20.0.1/24"',
    ],
  ],
  [
    'media takes no ports that only root may have',
    `${site}[rtp]\nfirst_port = 0\nlast_port = 999\n`,
    [
      'line 4: rtp.first_port = 0: must be a whole number from 1024 to 65535',
      'line 5: rtp.last_port = 999: must be a whole number from 1024 to 65535',
    ],
  ],
  [
    'every problem is told, with the line, the value and what would be right',
    '[site]\nregion = "mars"\nfoo = 1\n[dhcp]\nlease_seconds = -1\nmode = 3\n',
    [
      'line 3: site.foo: no such key; `gatehouse config print` lists them all',
      'line 2: site.region = "mars": must be "noam" or "emea" or "apac"',
      'line 1: site.address: is missing; write an IPv4 address, such as "10.20.0.1"',
      'line 6: dhcp.mode = 3: must be "server" or "inform" or "relay" or "off"',
      'line 5: dhcp.lease_seconds = -1: must be a whole number from 1 to 31536000',
    ],
  ],
  [
    'a key with a slip of the pen is answered with the right one',
    `${site}[dhcp]\nlease_second = 60\n`,
    [
      'line 4: dhcp.lease_second: no such key; did you mean "lease_seconds"? `gatehouse config print` lists them all',
    ],
  ],
  [
    'a table that does not exist is refused',
    `${site}[dns]\n`,
    ['line 3: dns: no such key; `gatehouse config print` lists them all'],
  ],
  [
    'a value in the place of a table is refused',
    `dhcp = 3\n${site}`,
    ['line 1: dhcp = 3: must be a table, written [dhcp]'],
  ],
  [
    'an address out of range is refused',
    '[site]\naddress = "10.20.0.256"\n',
    ['line 2: site.address = "10.20.0.256": must be an IPv4 address, such as "10.20.0.1"'],
  ],
  [
    'a GUID with a letter too few is refused',
    `${site}tenant_id = "3f2c8a10-5b7d-4e1f-9a6c-0d1e2f3a4b5"\n`,
    [
      'line 3: site.tenant_id = "3f2c8a10-5b7d-4e1f-9a6c-0d1e2f3a4b5": must be a GUID, such as "3f2c8a10-5b7d-4e1f-9a6c-0d1e2f3a4b5c"',
    ],
  ],
  [
    'a language that the service has not is refused',
    `${site}language = "xx"\n`,
    ['line 3: site.language = "xx": must be "en" or "es" or "ja" or "de" or "fr" or "pt"'],
  ],
  [
    'a host with a scheme is refused',
    `${site}[sip]\nregistrars = ["https://a.example"]\n`,
    [
      'line 4: sip.registrars[0] = "https://a.example": must be a host name alone (no "https://", no path), such as "mainsbc-emea.sdg.teams.microsoft.com"',
    ],
  ],
  [
    'a port with a fraction is refused',
    `${site}[web]\nport = 1.5\n`,
    ['line 4: web.port = 1.5: must be a whole number from 0 to 65535'],
  ],
  [
    'text where a truth belongs is refused',
    `${site}[dhcp]\nphones_only = "yes"\n`,
    ['line 4: dhcp.phones_only = "yes": must be true or false'],
  ],
  [
    'one address where a list belongs is refused',
    `${site}[dhcp]\nrouters = "10.20.0.254"\n`,
    [
      'line 4: dhcp.routers = "10.20.0.254": must be a list in which each value is an IPv4 address, such as "10.20.0.1"',
    ],
  ],
  [
    'a pool of three addresses is refused',
    `${server}pool = ["10.20.0.1", "10.20.0.2", "10.20.0.3"]\n`,
    [
      'line 6: dhcp.pool = ["10.20.0.1","10.20.0.2","10.20.0.3"]: must be a list of two addresses, the first and the last, such as ["10.20.0.100","10.20.0.199"]',
    ],
  ],
  [
    'a cloud address without TLS is refused',
    `${site}[cloud]\nurl = "http://journal.example"\n`,
    [
      'line 4: cloud.url = "http://journal.example": must be an https address, such as "https://journal.example.com/v1"',
    ],
  ],
  [
    'a cloud address with a password in it is refused: addresses stand in logs',
    `${site}[cloud]\nurl = "https://box@journal.example"\n`,
    [
      'line 4: cloud.url = "https://box@journal.example": must be an https address, such as "https://journal.example.com/v1"',
    ],
  ],
  [
    'a switch is named by its place in the file',
    `${site}[[location.switch]]\nname = "a"\naddress = "10.0.0.2"\nsecret_file = "x"\nuser = "u"\n[[location.switch]]\nname = "b"\naddress = 5\n`,
    [
      'line 10: location.switch[1].address = 5: must be an IPv4 address, such as "10.20.0.1"',
      'line 8: location.switch[1].secret_file: is missing; write text in quotes, not empty',
    ],
  ],
  [
    'a time zone that nobody knows is refused',
    `${site}time_zone = "Mars/Olympus"\n`,
    [
      'line 3: site.time_zone = "Mars/Olympus": no such time zone; write an IANA name such as "Europe/Berlin"',
    ],
  ],
  [
    'a fixed offset is no time zone',
    `${site}time_zone = "+01:00"\n`,
    ['line 3: site.time_zone = "+01:00": no such time zone; write an IANA name such as "Europe/Berlin"'],
  ],
  [
    'server mode without subnet says what it needs',
    `${site}[dhcp]\nmode = "server"\n`,
    [
      'line 4: dhcp.mode = "server": needs dhcp.subnet and dhcp.pool too, such as "10.20.0.0/24" and ["10.20.0.100", "10.20.0.199"]',
    ],
  ],
  [
    'a relay without servers says what it needs',
    `${site}[dhcp]\nmode = "relay"\n`,
    ['line 4: dhcp.mode = "relay": needs dhcp.relay.servers too, such as ["10.9.0.1"]'],
  ],
  [
    'a relay to itself is refused',
    `${site}[dhcp]\nmode = "relay"\n[dhcp.relay]\nservers = ["10.20.0.1"]\n`,
    ['line 6: dhcp.relay.servers[0] = "10.20.0.1": is the box\'s own address; name the server\'s'],
  ],
  [
    'an address on the uplink needs the uplink',
    `${site}[dhcp]\nmode = "relay"\n[dhcp.relay]\nservers = ["10.9.0.1"]\nuplink_address = "10.9.0.2"\n`,
    ['line 7: dhcp.relay.uplink_address = "10.9.0.2": needs dhcp.relay.uplink too, the card that has it'],
  ],
  [
    'a pool outside the subnet is refused',
    `${server}pool = ["10.20.0.250", "10.20.1.9"]\n`,
    ['line 6: dhcp.pool[1] = "10.20.1.9": is not in dhcp.subnet "10.20.0.0/24"; name an address inside it'],
  ],
  [
    'a pool with the broadcast address is refused',
    `${server}pool = ["10.20.0.250", "10.20.0.255"]\n`,
    [
      'line 6: dhcp.pool[1] = "10.20.0.255": is the network or broadcast address of "10.20.0.0/24"; leave it out',
    ],
  ],
  [
    'a pool the wrong way round is refused',
    `${server}pool = ["10.20.0.199", "10.20.0.100"]\n`,
    [
      'line 6: dhcp.pool = ["10.20.0.199","10.20.0.100"]: the first address comes after the last; name the lower one first',
    ],
  ],
  [
    "a pool that holds the box's address is refused",
    `${server}pool = ["10.20.0.1", "10.20.0.9"]\n`,
    ['line 2: site.address = "10.20.0.1": is inside dhcp.pool; leave the box\'s own address out of the pool'],
  ],
  [
    'a pool that holds the router and a name server is refused',
    `${server}${pool}routers = ["10.20.0.100"]\ndns_servers = ["9.9.9.9", "10.20.0.199"]\n`,
    [
      'line 7: dhcp.routers[0] = "10.20.0.100": is inside dhcp.pool and could be given to a phone; leave it out of the pool',
      'line 8: dhcp.dns_servers[1] = "10.20.0.199": is inside dhcp.pool and could be given to a phone; leave it out of the pool',
    ],
  ],
  [
    'a router outside the subnet is refused',
    `${server}${pool}routers = ["10.20.1.254"]\n`,
    [
      'line 7: dhcp.routers[0] = "10.20.1.254": is no address that a phone in dhcp.subnet "10.20.0.0/24" can reach; name one inside it',
    ],
  ],
  [
    'media ports too few for a call are refused',
    `${site}[rtp]\nfirst_port = 20000\nlast_port = 20002\n`,
    [
      'line 5: rtp.last_port = 20002: a call takes four ports; with rtp.first_port = 20000 this must be 20003 or more',
    ],
  ],
  [
    'media ports over the SIP port are refused',
    `${site}[rtp]\nfirst_port = 5000\nlast_port = 6000\n`,
    ['sip.udp_port = 5060: is inside the media ports 5000 to 6000; take one outside'],
  ],
  [
    'SIP without any port is refused',
    `${site}[sip]\nudp_port = 0\ntcp_port = 0\ntls_port = 0\n`,
    [
      'line 6: sip.tls_port = 0: with sip.udp_port and sip.tcp_port off too, no phone can register; turn one on, such as 5061',
    ],
  ],
  [
    'two listeners on one TCP port are refused',
    `${site}[web]\nport = 443\n`,
    ['line 4: web.port = 443: is provisioning.https_port too; give each its own TCP port'],
  ],
  [
    'two syslog servers for phones are refused',
    `${site}[provisioning]\nsyslog = true\nsyslog_server = "10.0.0.9"\n`,
    [
      'line 5: provisioning.syslog_server = "10.0.0.9": a phone has one syslog server, and provisioning.syslog makes the box that; take one of them out',
    ],
  ],
  [
    'a switch with SNMP version 3 needs a user',
    `${site}[[location.switch]]\nname = "a"\naddress = "10.0.0.2"\nsecret_file = "x"\n`,
    ['line 3: location.switch[0].user: is missing; SNMP version 3 needs a user name'],
  ],
  [
    'a place for nothing is refused',
    `${site}[[location.wiremap]]\nplace = "room 1"\n`,
    [
      'line 4: location.wiremap[0].place = "room 1": says where but not what; add chassis and port, or subnet',
    ],
  ],
  [
    'a port without its switch is refused',
    `${site}[[location.wiremap]]\nplace = "room 1"\nport = "1"\n`,
    [
      'line 5: location.wiremap[0].port = "1": needs the chassis too: ports of two switches have the same names',
    ],
  ],
  [
    'one port in two places is refused, however its switch is spelled',
    `${site}[[location.wiremap]]\nplace = "a"\nchassis = "00:1b:54:aa:00:01"\nport = "1"\n[[location.wiremap]]\nplace = "b"\nchassis = "00-1B-54-AA-00-01"\nport = "1"\n`,
    [
      'line 8: location.wiremap[1].place = "b": is the same port or subnet as location.wiremap[0]; one place for each',
    ],
  ],
  [
    'one subnet in two places is refused, whatever its host bits',
    `${site}[[location.wiremap]]\nplace = "a"\nsubnet = "10.1.0.0/16"\n[[location.wiremap]]\nplace = "b"\nsubnet = "10.1.2.3/16"\n`,
    [
      'line 7: location.wiremap[1].place = "b": is the same port or subnet as location.wiremap[0]; one place for each',
    ],
  ],
  [
    'a token without an address to send it to is refused',
    `${site}[cloud]\ntoken_file = "t"\n`,
    ['line 4: cloud.token_file = "t": has no use without cloud.url; add it, or leave both out'],
  ],
];

it.each(refused)('%s', (_title, source, problems) => {
  expect(problemsOf(source)).toEqual(problems);
});
