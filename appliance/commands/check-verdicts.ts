/** What the probes of `gatehouse check` mean, for a person. Pure. */
import type { Config } from '../config.ts';
import type { DnsFinding } from '../net/probe-dns.ts';
import type { HttpFinding } from '../net/probe-http.ts';
import type { TlsFinding } from '../net/probe-tls.ts';
import { isBelowMinimum } from '../phones/firmware-gate.ts';
import type { PhoneRow } from '../store/phones.ts';

export const checkAreas = [
  'settings',
  'dns',
  'http',
  'tls',
  'media',
  'clock',
  'dhcp',
  'ports',
  'phones',
  'emergency',
] as const;
export type CheckArea = (typeof checkAreas)[number];

/** `problem` must be put right; `warning` may be wanted so; `not tested` says why. */
export interface Verdict {
  readonly area: CheckArea;
  readonly state: 'ok' | 'problem' | 'warning' | 'not tested';
  readonly text: string;
}

/** Settings that are right by themselves and seldom meant so. */
export function settingsWarnings({ site, dhcp, web }: Pick<Config, 'site' | 'dhcp' | 'web'>): Verdict[] {
  const isSeenByPhones = web.address === '0.0.0.0' || web.address === site.address;
  const leavesPhonesAlone = dhcp.mode === 'server' && dhcp.routers.length === 0;
  const texts = [
    isSeenByPhones
      ? `web.address = "${web.address}": the page can be reached from the phones' network, where somebody may try passwords; name a management address`
      : undefined,
    leavesPhonesAlone
      ? 'dhcp.routers is empty: phones get no gateway, and those that go to the cloud by themselves cannot reach it'
      : undefined,
  ];
  return texts
    .filter((text) => text !== undefined)
    .map((text) => ({ area: 'settings', state: 'warning', text }));
}

/** Phones that SIP Gateway would not take with the firmware that they run (G-11, G-12). */
export function firmwareVerdicts(phones: readonly PhoneRow[]): Verdict[] {
  const area = 'phones';
  const told = phones.filter(
    ({ firmwareState }) => firmwareState !== undefined && firmwareState !== 'unknown',
  );
  const bad = told.filter(({ firmwareState = 'unknown' }) => isBelowMinimum({ state: firmwareState }));
  if (phones.length === 0)
    return [{ area, state: 'not tested', text: "phones' firmware: no phone has been seen yet" }];
  if (bad.length > 0) {
    return bad.map(({ mac, vendorName = '', model = 'phone', problem = '' }) => ({
      area,
      state: 'warning',
      text: `${`${vendorName} ${model}`.trim()} ${mac}: ${problem}`,
    }));
  }
  return [
    {
      area,
      state: 'ok',
      text: `no phone is known to run firmware below the minimum (${told.length} of ${phones.length} said what they run)`,
    },
  ];
}

export function dnsVerdict(host: string, { ipv4, ipv6, error }: DnsFinding): Verdict {
  const area = 'dns';
  if (ipv4.length > 0) {
    const inside = ipv4.filter(isPrivate);
    if (inside.length === 0) return { area, state: 'ok', text: `${host} is ${ipv4.slice(0, 3).join(', ')}` };
    return {
      area,
      state: 'warning',
      text: `${host} is ${inside.join(', ')}, an address inside a private network: is the name server answering for somebody else?`,
    };
  }
  if (ipv6.length > 0) {
    return {
      area,
      state: 'problem',
      text: `${host} has only IPv6 addresses here; SIP Gateway works over IPv4 only`,
    };
  }
  return {
    area,
    state: 'problem',
    text: `${host} cannot be resolved (${error ?? 'no address'}); check this machine's name servers and that they answer for names on the internet`,
  };
}

/** RFC 1918, and carrier NAT of RFC 6598. */
function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(address);
}

/** Who stands between this machine and the first-stage host (G-6). */
export function httpVerdict(host: string, finding: HttpFinding | string): Verdict {
  const area = 'http';
  if (typeof finding === 'string') {
    return {
      area,
      state: 'problem',
      text: `http://${host}/ does not answer (${finding}); allow TCP port 80 to it, around any proxy`,
    };
  }
  const between = whoIsBetween(host, finding);
  if (between === undefined)
    return {
      area,
      state: 'ok',
      text: `http://${host}/ answers (status ${finding.status}), nothing in between`,
    };
  return {
    area,
    state: 'problem',
    text: `http://${host}/: ${between}; this traffic must go around proxies and portals`,
  };
}

function whoIsBetween(host: string, { status, headers, isHtml }: HttpFinding): string | undefined {
  if (status === 407) return 'a proxy wants somebody to log in (status 407)';
  if (status === 511) return 'a captive portal wants somebody to log in (status 511)';
  const proxy = [
    'via',
    'x-squid-error',
    'x-cache-lookup',
    'proxy-authenticate',
    'proxy-connection',
    'x-bluecoat-via',
  ].find((name) => headers[name] !== undefined);
  if (proxy !== undefined) return `a proxy is in the way (${proxy}: ${headers[proxy]?.slice(0, 80)})`;
  const to = redirectHost(headers['location'], host);
  if (status >= 300 && status < 400 && to !== undefined && !isSameService(to, host)) {
    return `something sends us on to ${to}: a captive portal or a filter`;
  }
  if (status === 200 && isHtml)
    return 'a web page came back where none belongs: a captive portal or a filter';
  return undefined;
}

function redirectHost(location: string | undefined, host: string): string | undefined {
  if (location === undefined) return undefined;
  return URL.parse(location, `http://${host}/`)?.hostname;
}

function isSameService(a: string, b: string): boolean {
  const [name = b] = b.split(':');
  return a === name || (name.endsWith('.microsoft.com') && a.endsWith('.microsoft.com'));
}

/** An address that nobody has (RFC 5737) took a connection: whoever did takes all. */
export function interceptionVerdict(address: string, isAnswered: boolean): Verdict {
  const area = 'http';
  return isAnswered
    ? {
        area,
        state: 'problem',
        text: `${address} port 80 takes connections although nobody has that address: a transparent proxy takes all web traffic; exempt this box and the phones`,
      }
    : { area, state: 'ok', text: 'no transparent proxy takes connections to addresses that nobody has' };
}

/** G-5: signalling, and nobody opening it on the way. */
export function tlsVerdict(host: string, port: number, { reached, error, issuer }: TlsFinding): Verdict {
  const area = 'tls';
  const where = `${host} port ${port}`;
  const by = issuer === undefined ? '' : `, certificate by ${issuer}`;
  if (reached === 'trusted') return { area, state: 'ok', text: `${where} answers over TLS${by}` };
  const why = {
    tcp: `cannot be reached (${error}); allow TCP ${port} to 52.112.0.0/14 and 52.122.0.0/15`,
    handshake: `takes the connection but does no TLS (${error}): a firewall or proxy is in the way`,
    certificate: `is not trusted (${error}${by}): something opens TLS on the way; exempt it, or name its authority in site.extra_ca_file`,
  };
  return { area, state: 'problem', text: `${where} ${why[reached]}` };
}

/** Half a minute off breaks nothing yet; certificates and calls' records suffer beyond. */
const clockLimitMs = 30_000;

/** `aheadMs`: this machine's clock before the other. */
export function clockVerdict(other: string, aheadMs: number | undefined): Verdict {
  const area = 'clock';
  if (aheadMs === undefined) return { area, state: 'not tested', text: `the clock: ${other} told no time` };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const words = `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${other}`;
  return Math.abs(aheadMs) <= clockLimitMs
    ? { area, state: 'ok', text: `the clock agrees with ${other} (${words})` }
    : {
        area,
        state: 'problem',
        text: `the clock is ${words}; set it, certificates will be refused otherwise`,
      };
}

/** The `Date` of an HTTP answer is to the second. */
export function httpClockAhead(finding: HttpFinding): number | undefined {
  const told = Date.parse(finding.headers['date'] ?? '');
  return Number.isNaN(told) ? undefined : finding.askedAt - (told + 500);
}

export function timeServerVerdict(address: string, isBox: boolean, aheadMs: number | undefined): Verdict {
  if (aheadMs !== undefined) return clockVerdict(`the time server ${address}`, aheadMs);
  const advice = isBox
    ? 'phones are told to ask this box for the time (dhcp.ntp_servers is empty), and Gatehouse itself is no time server: install one here (chrony, with an "allow" line for dhcp.subnet), or name another in dhcp.ntp_servers'
    : 'phones are told to ask it for the time: start it, allow UDP port 123 to it, or name another in dhcp.ntp_servers';
  return {
    area: 'clock',
    state: 'problem',
    text: `no time server that knows the time answers at ${address} port 123; ${advice}`,
  };
}

/** Of one that the box itself asks. */
export function boxTimeServerVerdict(address: string, aheadMs: number | undefined): Verdict {
  if (aheadMs !== undefined) return clockVerdict(`the box's time server ${address}`, aheadMs);
  return {
    area: 'clock',
    state: 'problem',
    text: `no time server that knows the time answers at ${address} port 123; the box is to ask it for the time: start it, allow UDP port 123 to it, or name another in box.time_servers`,
  };
}

/** All ports of an address that is not there fail alike: told once. */
export function addressVerdict(address: string, key: string): Verdict {
  return {
    area: 'ports',
    state: 'problem',
    text: `this machine has no address ${address} (${key}); \`ip address\` lists those it has`,
  };
}

export interface PortUse {
  /** Key of the setting. */
  readonly key: string;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** The part that wants it runs: then it is the one that has it. */
  readonly isOurs: boolean;
}

export function portVerdict(
  { key, protocol, address, port, isOurs }: PortUse,
  code: string | undefined,
): Verdict {
  const area = 'ports';
  const where = `${protocol.toUpperCase()} ${address} port ${port} (${key})`;
  if (code === undefined) return { area, state: 'ok', text: `${where} is free` };
  if (code === 'EADDRINUSE' && isOurs) return { area, state: 'ok', text: `${where} is ours` };
  if (code === 'EADDRINUSE')
    return { area, state: 'problem', text: `${where} is in use by another program; \`ss -lntup\` names it` };
  if (code === 'EACCES')
    return { area, state: 'not tested', text: `${where}: only root may try ports below 1024` };
  return { area, state: 'problem', text: `${where} cannot be had (${code})` };
}
