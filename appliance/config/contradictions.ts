/** What each value may be alone but not beside the others. Pure. */
import type { Config } from './schema.ts';
import { boxRules } from './contradictions-box.ts';
import { dhcpRules } from './contradictions-dhcp.ts';
import { emergencyRules } from './contradictions-emergency.ts';
import { locationRules } from './contradictions-location.ts';
import { relayRules } from './contradictions-relay.ts';
import { contradiction, type Problem, type Rule } from './problems.ts';
import { furthestPosture } from './parts.ts';

const rules: readonly Rule[] = [
  { keys: ['site.address', 'site.former_addresses'], find: formerAddresses },
  { keys: ['site.time_zone'], find: timeZone },
  ...boxRules,
  ...dhcpRules,
  ...relayRules,
  ...emergencyRules,
  { keys: ['rtp.first_port', 'rtp.last_port'], find: mediaRange },
  {
    keys: ['rtp.first_port', 'rtp.last_port', 'sip.udp_port', 'site.posture', 'site.posture_for'],
    find: mediaOverSip,
  },
  {
    keys: ['sip.udp_port', 'sip.tcp_port', 'sip.tls_port', 'site.posture', 'site.posture_for'],
    find: noSipPort,
  },
  { keys: ['sip.engine', 'sip.drachtio_secret_file'], find: drachtioSecret },
  { keys: ['provisioning', 'sip.tcp_port', 'sip.tls_port', 'web.port', 'web.https_port'], find: samePort },
  { keys: ['provisioning.syslog', 'provisioning.syslog_server'], find: twoSyslogServers },
  ...locationRules,
  { keys: ['cloud'], find: cloudToken },
];

/** `wrongAlone` are the problems found so far: what depends on them is not judged. */
export function contradictions(config: Config, wrongAlone: readonly Problem[]): Problem[] {
  const isTouched = (key: string) =>
    wrongAlone.some((problem) => isAtOrBelow(problem.key, key) || isAtOrBelow(key, problem.key));
  return rules.flatMap((rule) => (rule.keys.some(isTouched) ? [] : rule.find(config)));
}

function isAtOrBelow(key: string, ancestor: string): boolean {
  return key === ancestor || key.startsWith(`${ancestor}.`) || key.startsWith(`${ancestor}[`);
}

function formerAddresses({ site }: Config): Problem[] {
  const { address, former_addresses: former } = site;
  if (!former.includes(address)) return [];
  return [
    contradiction('site.former_addresses', former, 'site.address itself is no former one; take it out'),
  ];
}

function timeZone({ site }: Config): Problem[] {
  if (isTimeZone(site.time_zone)) return [];
  return [
    contradiction(
      'site.time_zone',
      site.time_zone,
      'no such time zone; write an IANA name such as "Europe/Berlin"',
    ),
  ];
}

/** "+01:00" is known to Intl too, but has no summer time: option 2 would be wrong for half of the year. */
function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  // Asked first, since making a formatter takes ten times as long, and every start of the program comes by here.
  if (name === 'UTC' || Intl.supportedValuesOf('timeZone').includes(name)) return true;
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function mediaRange({ rtp }: Config): Problem[] {
  // A call takes two legs of two ports, one for RTP and one for RTCP.
  if (rtp.last_port - rtp.first_port >= 3) return [];
  return [
    contradiction(
      'rtp.last_port',
      rtp.last_port,
      `a call takes four ports; with rtp.first_port = ${rtp.first_port} this must be ${rtp.first_port + 3} or more`,
    ),
  ];
}

function mediaOverSip({ rtp, sip, site }: Config): Problem[] {
  if (furthestPosture(site) !== 'full' || sip.udp_port < rtp.first_port || sip.udp_port > rtp.last_port)
    return [];
  return [
    contradiction(
      'sip.udp_port',
      sip.udp_port,
      `is inside the media ports ${rtp.first_port} to ${rtp.last_port}; take one outside`,
    ),
  ];
}

function noSipPort({ sip, site }: Config): Problem[] {
  if (furthestPosture(site) !== 'full' || sip.udp_port + sip.tcp_port + sip.tls_port > 0) return [];
  return [
    contradiction(
      'sip.tls_port',
      0,
      'with sip.udp_port and sip.tcp_port off too, no phone can register; turn one on, such as 5061',
    ),
  ];
}

function samePort({ provisioning, sip, web }: Config): Problem[] {
  const taken = new Map<number, string>();
  const ports: [string, number][] = [
    ['provisioning.http_port', provisioning.http_port],
    ['provisioning.https_port', provisioning.https_port],
    ['sip.tcp_port', sip.tcp_port],
    ['sip.tls_port', sip.tls_port],
    ['web.port', web.port],
    ['web.https_port', web.https_port ?? 0],
  ];
  return ports.flatMap(([key, port]) => {
    const other = taken.get(port);
    if (port === 0) return [];
    if (other !== undefined) return [contradiction(key, port, `is ${other} too; give each its own TCP port`)];
    taken.set(port, key);
    return [];
  });
}

function twoSyslogServers({ provisioning: { syslog, syslog_server: server } }: Config): Problem[] {
  if (!syslog || server === undefined) return [];
  return [
    contradiction(
      'provisioning.syslog_server',
      server,
      'a phone has one syslog server, and provisioning.syslog makes the box that; take one of them out',
    ),
  ];
}

function drachtioSecret({ sip }: Config): Problem[] {
  if (sip.engine !== 'drachtio' || sip.drachtio_secret_file !== undefined) return [];
  return [contradiction('sip.engine', sip.engine, 'needs sip.drachtio_secret_file too, with its secret')];
}

function cloudToken({ cloud }: Config): Problem[] {
  if (cloud.url !== undefined || cloud.token_file === undefined) return [];
  return [
    contradiction(
      'cloud.token_file',
      cloud.token_file,
      'has no use without cloud.url; add it, or leave both out',
    ),
  ];
}
