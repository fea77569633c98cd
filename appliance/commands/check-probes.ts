/** The checks of `gatehouse check`, area by area: which probes, and their verdicts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unreachablePaths, type Config } from '../config.ts';
import { watchedCards } from '../config/networks.ts';
import { wantedParts } from '../config/parts.ts';
import { listenFds } from '../net/listen-fds.ts';
import { cardMac } from '../net/card.ts';
import { probeDhcp } from '../net/probe-dhcp.ts';
import { probeDns } from '../net/probe-dns.ts';
import { probeHttp } from '../net/probe-http.ts';
import { probeNtp } from '../net/probe-ntp.ts';
import { probePort } from '../net/probe-port.ts';
import { probeTcp, probeTls } from '../net/probe-tls.ts';
import { openUdp } from '../net/udp.ts';
import { runWithSockets } from '../net/with-sockets.ts';
import { firstStageHost, registrarHosts } from '../phones/service-hosts.ts';
import { readPhones } from '../store/phones.ts';
import { readDhcpNetwork } from '../store/dhcp-network.ts';
import { readParts } from '../store/site-status.ts';
import { leftBehind } from '../box/left-behind.ts';
import { checkEmergency } from './check-emergency.ts';
import { dhcpVerdicts, type FoundServer } from './check-dhcp.ts';
import {
  addressVerdict,
  clockVerdict,
  dnsVerdict,
  firmwareVerdicts,
  httpClockAhead,
  httpVerdict,
  interceptionVerdict,
  portVerdict,
  settingsWarnings,
  boxTimeServerVerdict,
  timeServerVerdict,
  tlsVerdict,
  type CheckArea,
  type PortUse,
  type Verdict,
} from './check-verdicts.ts';

export interface CheckSite {
  readonly config: Config;
  readonly configFile: string;
  readonly now: () => number;
  /** Hosts to ask; the service's own unless a test says otherwise. */
  readonly firstStageHosts: readonly string[];
  readonly registrars: readonly string[];
  /** An address that nobody has: TEST-NET-2 of RFC 5737. Left out: interception is not looked for. */
  readonly nobody?: string;
}

const timeoutMs = 5000;
/** dnsmasq tries an address for three seconds before it offers it. */
const listenForOffersMs = 5000;

/** The site as its settings say. */
export function siteToCheck(config: Config, configFile: string): CheckSite {
  const { site, provisioning, sip } = config;
  return {
    config,
    configFile,
    now: () => Date.now(),
    firstStageHosts: [firstStageHost(site.region), ...provisioning.extra_first_stage_hosts],
    registrars: [...registrarHosts(site.region), ...sip.registrars],
    nobody: '198.51.100.1',
  };
}

/** Each resolves, whatever it finds. */
export const checks: Readonly<Record<CheckArea, (site: CheckSite) => Promise<Verdict[]>>> = {
  settings: async ({ config, configFile }) => {
    const phones = leftBehind(config);
    const problems = [...unreachablePaths(config), ...phones.problems];
    const notes = phones.notes.map((text): Verdict => ({ area: 'settings', state: 'warning', text }));
    const warnings = [...settingsWarnings(config), ...notes];
    if (problems.length === 0)
      return [{ area: 'settings', state: 'ok', text: `${configFile} is good` }, ...warnings];
    return [...problems.map((text): Verdict => ({ area: 'settings', state: 'problem', text })), ...warnings];
  },
  dns: async ({ firstStageHosts, registrars }) => {
    const hosts = [...firstStageHosts, ...registrars].map((host) => host.replace(/:\d+$/, ''));
    return await Promise.all(hosts.map(async (host) => dnsVerdict(host, await probeDns(host, timeoutMs))));
  },
  http: async ({ firstStageHosts, nobody, now }) => {
    const answers = firstStageHosts.map(async (host) =>
      httpVerdict(host, await probeHttp(host, timeoutMs, now)),
    );
    if (nobody === undefined) return await Promise.all(answers);
    const interception = probeTcp(nobody, 80, timeoutMs).then((isAnswered) =>
      interceptionVerdict(nobody, isAnswered),
    );
    return await Promise.all([...answers, interception]);
  },
  tls: async ({ config, registrars }) => {
    const { extra_ca_file: extra } = config.site;
    const trust = extra !== undefined && existsSync(extra) ? [readFileSync(extra, 'utf8')] : [];
    const port = config.sip.upstream_port;
    return await Promise.all(
      registrars.map(async (host) =>
        tlsVerdict(host, port, await probeTls({ host, port, trust }, timeoutMs)),
      ),
    );
  },
  media: async () => [
    {
      area: 'media',
      state: 'not tested',
      text: 'UDP 49152 to 53247 to 52.112.0.0/14 and 52.122.0.0/15: nothing there answers without a call; allow it outbound, the first call shows it',
    },
  ],
  clock: checkClock,
  dhcp: checkDhcp,
  ports: checkPorts,
  emergency: checkEmergency,
  phones: async ({ config: { site }, now }) =>
    firmwareVerdicts(readPhones(site.state_directory, now(), site)),
};

async function checkClock({ config, firstStageHosts: [host = ''], now }: CheckSite): Promise<Verdict[]> {
  const { ntp_servers: named, mode } = config.dhcp;
  const told = named.length > 0 ? named : [config.site.address];
  const servers = mode === 'off' ? [] : told;
  const own = config.box.time_servers.map((server) => server.split(' ')[0] ?? '');
  const [answer, ...ahead] = await Promise.all([
    probeHttp(host, timeoutMs, now),
    ...[...servers, ...own].map(async (server) => await probeNtp(server, { timeoutMs: 2000, now })),
  ]);
  return [
    clockVerdict(host, typeof answer === 'string' ? undefined : httpClockAhead(answer)),
    ...servers.map((server, at) => timeServerVerdict(server, named.length === 0, ahead[at])),
    ...own.map((server, at) => boxTimeServerVerdict(server, ahead[servers.length + at])),
  ];
}

/** With the sockets that were handed over, and what the running box saw; as root through a child that gets the others. */
async function checkDhcp(site: CheckSite): Promise<Verdict[]> {
  const { config, configFile } = site;
  const cards = [...watchedCards(config).keys()];
  const found = await Promise.all(cards.map(async (card) => await checkCard(card, site)));
  const blind = cards.filter((_card, at) => found[at] === undefined);
  const verdicts = found.flatMap((of) => of ?? []);
  if (blind.length === 0) return verdicts;
  const notTested = (why: string): Verdict[] => [
    ...verdicts,
    { area: 'dhcp', state: 'not tested', text: `other DHCP servers on ${blind.join(' and ')}: ${why}` },
  ];
  if (process.getuid?.() !== 0) return notTested('only root may listen on port 68; run this as root');
  const words = [join(import.meta.dirname, '../main.ts'), 'check', 'dhcp', '--json', '--config', configFile];
  const { output, errors } = await runWithSockets(
    blind.map((card) => `dhcp-client=${card}:udp:68`),
    words,
    listenForOffersMs + timeoutMs,
  );
  if (errors !== '')
    return notTested(
      errors.includes('in use') ? "port 68 is held by this machine's own DHCP client" : errors,
    );
  return (JSON.parse(output) as { verdicts: Verdict[] }).verdicts;
}

/** Undefined when nothing hears what is said on this card. */
async function checkCard(card: string, { config, now }: CheckSite): Promise<Verdict[] | undefined> {
  const { site, dhcp } = config;
  const on = { mode: dhcp.mode, card, known: watchedCards(config).get(card) ?? [] };
  const mac = cardMac(card);
  if (mac === undefined) {
    const text = `there is no network card "${card}"; check dhcp.interface against \`ip link\``;
    return [{ area: 'dhcp', state: 'problem', text }];
  }
  const fd = listenFds().get(`dhcp-client=${card}`);
  if (fd === undefined) {
    const watched = watchedServers(config, card, now());
    return watched && dhcpVerdicts(on, site.address, watched);
  }
  await using socket = await openUdp({ fd });
  const offers = await probeDhcp(socket, { mac, waitMs: listenForOffersMs });
  const found = offers.map(({ serverIdentifier: address, provisioningUrl, tftpServerName }) => ({
    address,
    url: provisioningUrl ?? tftpServerName,
  }));
  return dhcpVerdicts(on, site.address, found);
}

/** What the running box saw: it holds port 68, and probes itself. Undefined when it doesn't. */
function watchedServers(config: Config, card: string, now: number): readonly FoundServer[] | undefined {
  const { state_directory: directory } = config.site;
  const parts = readParts(directory, wantedParts(config), now);
  const isRunning = parts.some((part) => part.name === 'dhcp' && part.isRunning);
  const { watches, servers } = readDhcpNetwork(directory, watchedCards(config));
  if (!isRunning || !watches.some((watch) => watch.card === card && watch.isOn)) return undefined;
  return servers.filter((server) => server.card === card && server.isPresent);
}

async function checkPorts({ config, now }: CheckSite): Promise<Verdict[]> {
  const { site, provisioning, sip, web } = config;
  const parts = readParts(site.state_directory, wantedParts(config), now());
  const isOurs = (part: string) => parts.some(({ name, isRunning }) => name === part && isRunning);
  const use = (key: string, protocol: PortUse['protocol'], port: number): PortUse => {
    const [part = ''] = key.split('.');
    return {
      key,
      protocol,
      port,
      isOurs: isOurs(part),
      address: part === 'web' ? web.address : part === 'dhcp' ? '0.0.0.0' : site.address,
    };
  };
  const wanted = wantedParts(config);
  const uses = [
    use('dhcp.mode', 'udp', 67),
    use('provisioning.http_port', 'tcp', provisioning.http_port),
    use('provisioning.https_port', 'tcp', provisioning.https_port),
    use('sip.udp_port', 'udp', sip.udp_port),
    use('sip.tcp_port', 'tcp', sip.tcp_port),
    use('sip.tls_port', 'tcp', sip.tls_port),
    use('web.port', 'tcp', web.port),
  ].filter(({ key, port }) => port !== 0 && wanted[key.split('.')[0] as keyof typeof wanted]);
  const codes = await Promise.all(uses.map(async (one) => await probePort(one)));
  const missing = new Set(
    uses.filter((_one, at) => codes[at] === 'EADDRNOTAVAIL').map(({ address }) => address),
  );
  return [
    ...Array.from(missing, (address) =>
      addressVerdict(address, address === site.address ? 'site.address' : 'web.address'),
    ),
    ...uses.flatMap((one, at) => (missing.has(one.address) ? [] : [portVerdict(one, codes[at])])),
  ];
}
