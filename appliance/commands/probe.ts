/** `gatehouse probe dhcp [--relay IP]`: what the site's DHCP servers would tell each vendor's phones. Takes no address. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { askDhcp } from '../net/ask-dhcp.ts';
import { cardMac } from '../net/card.ts';
import { listenFds } from '../net/listen-fds.ts';
import { openUdp } from '../net/udp.ts';
import { runWithSockets } from '../net/with-sockets.ts';
import { isIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { dhcpEnquiries } from './probe-enquiries.ts';
import { probeVerdicts, type ProbeVerdict } from './probe-verdicts.ts';
import { snippetOf } from './snippets/phone-classes.ts';
import { formatTable } from './table.ts';

const program = join(import.meta.dirname, '../main.ts');
const quietMs = 5000;
const limitMs = 60_000;

/** Where and through which socket to ask. */
interface Site {
  readonly config: Config;
  readonly configFile: string;
  /** Server to ask as a relay. */
  readonly relay: string | undefined;
  readonly mac: string;
}

export async function probeCommand({ configFile, json, relay, rest, out }: CommandCall): Promise<number> {
  if (rest.join(' ') !== 'dhcp' || (relay !== undefined && !isIpv4(relay))) {
    out('usage: gatehouse probe dhcp [--relay ADDRESS] [--config FILE] [--json]');
    return 2;
  }
  const config = readConfig(configFile);
  const card = config.dhcp.interface;
  const mac = cardMac(card);
  if (mac === undefined)
    throw new Error(`there is no network card "${card}"; check dhcp.interface against \`ip link\``);
  const verdicts = await probeSite({ config, configFile, relay, mac });
  const isRight = verdicts.every(({ state }) => state === 'ok');
  if (json) out(JSON.stringify({ right: isRight, verdicts }));
  else for (const line of formatProbe(verdicts)) out(line);
  return isRight ? 0 : 1;
}

export function formatProbe(verdicts: readonly ProbeVerdict[]): string[] {
  const rows = verdicts.map(({ state, phones, server, text }) => [
    state,
    phones,
    server === '' ? '-' : server,
    text,
  ]);
  const problems = verdicts.filter(({ state }) => state === 'problem').length;
  const end =
    problems === 0
      ? 'Every phone is told what it needs.'
      : problems === 1
        ? 'One problem.'
        : `${problems} problems.`;
  return [...formatTable([['STATE', 'DEVICES', 'SERVER', 'ANSWER'], ...rows]), '', end];
}

/** With the socket that was handed over; as root through a child that gets one. */
async function probeSite(site: Site): Promise<ProbeVerdict[]> {
  const { config, relay, configFile } = site;
  // An answer to a relay comes to its address, whichever card that is.
  const name =
    relay === undefined ? `dhcp-client=${config.dhcp.interface}` : `dhcp-relay=${config.site.address}`;
  const port = relay === undefined ? 68 : 67;
  const fd = listenFds().get(name);
  if (fd !== undefined) return await askAll(site, fd);
  const socket = `${name}:udp:${port}`;
  const words = [
    program,
    'probe',
    'dhcp',
    '--config',
    configFile,
    ...(relay === undefined ? [] : ['--relay', relay]),
  ];
  if (process.getuid?.() !== 0) {
    const launcher = join(program, '../../systemd/with-sockets');
    throw new Error(
      `only root may use port ${port}; as root: ${[launcher, socket, '--', process.execPath, ...words].join(' ')}`,
    );
  }
  const { output, errors } = await runWithSockets([socket], [...words, '--json'], limitMs + 2 * quietMs);
  if (errors !== '') throw new Error(errors.includes('in use') ? inUse(port) : errors);
  return (JSON.parse(output) as { verdicts: ProbeVerdict[] }).verdicts;
}

function silence(card: string, relay: string | undefined): ProbeVerdict {
  const text =
    relay === undefined
      ? `no DHCP server answered on ${card}: see that it is the card of the phones' network, that its cable is in, and that the server runs`
      : `${relay} did not answer: see that it serves the network of site.address, and that port 67 of UDP passes both ways`;
  return { state: 'problem', phones: 'every device', server: '', text };
}

function inUse(port: number): string {
  return port === 68
    ? "port 68 is held by this machine's own DHCP client: stop it for a moment"
    : 'port 67 is held by a DHCP server or relay of this machine, perhaps our own part `dhcp`: stop it for a moment';
}

async function askAll({ config, relay, mac }: Site, fd: number): Promise<ProbeVerdict[]> {
  await using socket = await openUdp({ fd });
  const enquiries = dhcpEnquiries(snippetOf(config, Date.now()).classes, {
    mac,
    giaddr: relay === undefined ? 0 : parseIpv4(config.site.address),
    firstXid: randomBytes(4).readUInt32BE(0),
  });
  const to = { address: relay ?? '255.255.255.255', port: 67 };
  const answers = await askDhcp(
    socket,
    enquiries.map(({ discover }) => discover),
    { to, quietMs, limitMs },
  );
  if (answers.every((answer) => answer.size === 0)) return [silence(config.dhcp.interface, relay)];
  return enquiries.flatMap(({ phones }, at) => {
    const servers = [...(answers[at] ?? [])];
    if (servers.length === 0) return probeVerdicts(phones, '', undefined);
    return servers.flatMap(([server, options]) => probeVerdicts(phones, server, options));
  });
}
