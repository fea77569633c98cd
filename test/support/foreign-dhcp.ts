/** A customer's own DHCP server on 10.66.0.0/24, with what was printed for it put where the print says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, words, type Running } from './command.ts';
import type { Namespace } from './namespaces.ts';

export const foreignServers = ['dnsmasq', 'kea', 'isc'] as const;

export type ForeignServer = (typeof foreignServers)[number];

interface Site {
  readonly namespace: Namespace;
  /** Its own: configuration, leases, log. */
  readonly directory: string;
}

/** Resolves when it listens on port 67. Refused configuration throws with the server's own words. */
export async function startForeignDhcp(
  server: ForeignServer,
  { namespace, directory }: Site,
  snippet: string,
): Promise<Running> {
  mkdirSync(directory, { recursive: true });
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const command = commands[server](file('gatehouse.conf', snippet), file);
  const running = namespace.start(command, {
    logFile: join(directory, 'log'),
    environment: { ...process.env, KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: directory },
  });
  const listens = async () =>
    (await namespace.exec(words('ss -Hln --udp --packet'))).match(/:67\b|:eth0\b/) ?? undefined;
  await until(`${server} to listen`, listens, {
    timeoutMs: 10_000,
    everyMs: 20,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  return running;
}

type MakeFile = (name: string, content: string) => string;

const commands: Record<ForeignServer, (snippet: string, file: MakeFile) => string[]> = {
  dnsmasq: (snippet, file) => [
    ...words(
      'dnsmasq --keep-in-foreground --port=0 --user=root --interface=eth0 --bind-interfaces --no-ping',
    ),
    '--conf-file=/dev/null',
    '--pid-file=',
    '--dhcp-range=10.66.0.100,10.66.0.199,1h',
    `--dhcp-leasefile=${file('leases', '')}`,
    `--conf-file=${snippet}`,
  ],
  kea: (snippet, file) => {
    const config = `{ "Dhcp4": { <?include "${snippet}"?>,
  "interfaces-config": { "interfaces": ["eth0"] },
  "lease-database": { "type": "memfile", "persist": false },
  "subnet4": [{ "subnet": "10.66.0.0/24", "pools": [{ "pool": "10.66.0.100 - 10.66.0.199" }] }] } }\n`;
    return ['kea-dhcp4', '-c', file('kea.conf', config)];
  },
  isc: (snippet, file) => {
    const config = `include "${snippet}";
ping-check false;
subnet 10.66.0.0 netmask 255.255.255.0 { range 10.66.0.100 10.66.0.199; }\n`;
    const files = ['-cf', file('dhcpd.conf', config), '-lf', file('leases', '')];
    return ['dhcpd', '-4', '-f', '-d', '-user', 'root', '-group', 'root', ...files, '--no-pid', 'eth0'];
  },
};
