/** The DHCP servers that others run, each with its leases on disk, its conflict probe off, and as little logging as it can. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, until, type Running } from '../support/command.ts';
import { hasStarted } from '../support/dhcp-box.ts';
import { pool, serverAddress, type DhcpWire } from '../support/dhcp-wire.ts';

export interface Peer {
  /** With version and what an ACK of it promises; or why it isn't there. */
  readonly name: string;
  readonly running?: Running;
}

export const leaseSeconds = 4000;
const url = `http://${serverAddress}`;

/** `under` are words before the program, such as a tracer. */
export async function startKea(
  { server, directory }: DhcpWire,
  under: readonly string[] = [],
): Promise<Peer> {
  const version = await versionOf(['kea-dhcp4', '-v']);
  if (version === undefined) return { name: 'Kea: not installed (Debian package kea-dhcp4-server)' };
  const config = join(directory, 'kea.json');
  writeFileSync(config, JSON.stringify(keaConfig(directory)));
  const running = server.start([...under, 'kea-dhcp4', '-c', config], {
    logFile: join(directory, 'log'),
    environment: { ...process.env, KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: directory },
  });
  await hasStarted(running, 'DHCP4_STARTED');
  return { running, name: `Kea ${version}, memfile: written, never synced before an ACK` };
}

function keaConfig(directory: string) {
  return {
    Dhcp4: {
      'interfaces-config': { interfaces: ['eth0'], 'dhcp-socket-type': 'udp' },
      'lease-database': {
        type: 'memfile',
        persist: true,
        name: join(directory, 'leases.csv'),
        'lfc-interval': 0,
      },
      'multi-threading': { 'enable-multi-threading': true, 'thread-pool-size': 2, 'packet-queue-size': 64 },
      'valid-lifetime': leaseSeconds,
      'renew-timer': leaseSeconds / 2,
      'rebind-timer': (leaseSeconds * 7) / 8,
      'option-def': [{ name: 'url', code: 160, type: 'string' }],
      'option-data': [
        { name: 'routers', data: serverAddress },
        { name: 'domain-name-servers', data: serverAddress },
        { name: 'ntp-servers', data: serverAddress },
        { name: 'time-offset', data: '3600' },
        { name: 'tftp-server-name', data: url },
      ],
      subnet4: [{ subnet: '10.66.0.0/16', pools: [{ pool: pool.join(' - ') }] }],
      loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
    },
  };
}

export async function startDnsmasq({ server, directory }: DhcpWire): Promise<Peer> {
  const version = await versionOf(['dnsmasq', '-v']);
  if (version === undefined) return { name: 'dnsmasq: not installed (Debian package dnsmasq-base)' };
  const options = [`3,${serverAddress}`, `6,${serverAddress}`, `42,${serverAddress}`, '2,3600', `66,${url}`];
  const words = [
    '--no-daemon --conf-file=/dev/null --port=0 --user=root --pid-file= --interface=eth0 --bind-interfaces',
    `--no-ping --quiet-dhcp --dhcp-authoritative --dhcp-lease-max=60000 --dhcp-leasefile=${directory}/leases`,
    `--dhcp-range=${pool.join(',')},255.255.0.0,${leaseSeconds}`,
    ...options.map((option) => `--dhcp-option=${option}`),
  ];
  const running = server.start(['dnsmasq', ...words.join(' ').split(' ')], {
    logFile: join(directory, 'log'),
  });
  await hasStarted(running, 'IP range');
  const number = /version (\S+)/.exec(version)?.[1] ?? '';
  return { running, name: `dnsmasq ${number}, no-ping: its whole file written and synced for each lease` };
}

export async function startIsc({ server, directory }: DhcpWire): Promise<Peer> {
  const version = await versionOf(['dhcpd', '--version']);
  if (version === undefined) return { name: 'ISC dhcpd: not installed (Debian package isc-dhcp-server)' };
  const [config, leases] = [join(directory, 'dhcpd.conf'), join(directory, 'leases')];
  writeFileSync(leases, '');
  writeFileSync(
    config,
    `authoritative; ping-check false; default-lease-time ${leaseSeconds}; max-lease-time ${leaseSeconds};
subnet 10.66.0.0 netmask 255.255.0.0 {
  range ${pool.join(' ')};
  option routers ${serverAddress}; option domain-name-servers ${serverAddress}; option ntp-servers ${serverAddress};
  option time-offset 3600; option tftp-server-name "${url}";
}
`,
  );
  const files = ['-cf', config, '-lf', leases, '-pf', join(directory, 'pid')];
  // Without -d it logs to syslog, which is not there: no time goes into that.
  const running = server.start(['dhcpd', '-4', '-f', ...files, 'eth0'], { logFile: join(directory, 'log') });
  await until(
    'dhcpd on port 67',
    async () => (await server.exec(['ss', '-lunH', 'sport', '67'])) !== '' || undefined,
    {
      timeoutMs: 20_000,
      lastSeen: running.lastWords,
      hopeless: running.hasExited,
    },
  );
  const number = /\d\S+/.exec(version)?.[0] ?? '';
  return { running, name: `ISC dhcpd ${number}, ping-check false: appended and synced for each new lease` };
}

/** Undefined when the program isn't there. */
async function versionOf(command: readonly string[]): Promise<string | undefined> {
  const [program = '', ...words] = command;
  return await run(['sh', '-c', '"$@" 2>&1', 'sh', program, ...words])
    .then((text) => text.trim())
    .catch(() => undefined);
}
