/** DHCP exchanges a second with leases on disk, beside Kea, by the same client over the same wire in the same run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, until, type Running } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const windows = [1, 16, 64] as const;
/** Each server is measured twice a window, in turns, and the better figures stand: what disturbs both is left out. */
const rounds = 2;
const seconds = 2;
const root = join(import.meta.dirname, '../..');

interface Site {
  readonly server: Namespace;
  readonly client: Namespace;
  readonly directory: string;
}

interface Result {
  readonly rate: number;
  readonly p99: number;
  readonly ackP99: number;
  readonly lost: number;
  readonly naks: number;
}

export async function measureDhcp(say: (line: string) => void): Promise<BenchRow[]> {
  await using lab = openLab();
  const ours = await openSite(lab, 'ours');
  const peer = await openSite(lab, 'kea');
  await using _box = await startBox(ours);
  const kea = await startKea(peer);
  await using _kea = kea.running ?? { [Symbol.asyncDispose]: () => Promise.resolve() };
  const rows: BenchRow[] = [];
  for (const outstanding of windows) {
    const both: Result[][] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      both[0]?.push(await measure(ours, outstanding, round));
      if (kea.running !== undefined) both[1]?.push(await measure(peer, outstanding, round));
    }
    const [our, their] = both.map(better);
    if (our === undefined) throw new Error('nothing was measured');
    for (const [who, result] of [
      ['ours', our],
      ['kea', their],
    ] as const) {
      if (result !== undefined && (result.lost > 0 || result.naks > 0)) {
        say(`${who}, ${outstanding} outstanding: ${result.lost} lost, ${result.naks} refused`);
      }
    }
    const row = (name: string, key: 'rate' | 'p99' | 'ackP99') =>
      benchRow({
        name: `DHCP, ${outstanding} outstanding: ${name}`,
        ours: round(our[key]),
        peer: their === undefined ? null : round(their[key]),
        peerName: kea.name,
        unit: key === 'rate' ? 'exchanges/s' : 'ms',
        better: key === 'rate' ? 'higher' : 'lower',
      });
    rows.push(
      row('DISCOVER to ACK', 'rate'),
      row('p99 of an exchange', 'p99'),
      row('p99 REQUEST to ACK', 'ackP99'),
    );
  }
  return rows;
}

/** A pair of namespaces with one wire: each server has the same addresses and nothing else to hear. */
async function openSite(lab: Lab, name: string): Promise<Site> {
  const server = await lab.namespace(`${name}-s`);
  const client = await lab.namespace(`${name}-c`);
  await lab.wire({ namespace: server, card: 'eth0' }, { namespace: client, card: 'eth0' });
  const ends = [
    [server, '10.66.0.1/16'],
    [client, '10.66.255.2/16'],
  ] as const;
  for (const [namespace, address] of ends) {
    await namespace.exec(['ip', 'addr', 'add', address, 'dev', 'eth0']);
    await namespace.exec(['ip', 'link', 'set', 'eth0', 'up']);
  }
  await client.exec(['ping', '-c', '1', '-W', '2', '10.66.0.1']);
  const directory = join(lab.directory, name);
  mkdirSync(directory);
  return { server, client, directory };
}

async function startBox({ server, directory }: Site): Promise<Running> {
  const config = join(directory, 'gatehouse.toml');
  writeFileSync(
    config,
    `[site]
address = "10.66.0.1"
time_zone = "Europe/Berlin"
state_directory = "${directory}/state"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/16"
pool = ["10.66.1.0", "10.66.200.255"]
routers = ["10.66.0.1"]
dns_servers = ["10.66.0.1"]
lease_seconds = 4000
`,
  );
  const main = [process.execPath, join(root, 'appliance/main.ts'), 'run', 'dhcp', '--config', config];
  const running = server.start([join(root, 'systemd/with-sockets'), 'dhcp=eth0:udp:67', '--', ...main], {
    logFile: join(directory, 'log'),
  });
  await started(running, 'part started');
  return running;
}

/** Undefined `running` when Kea is not there; `name` says so. */
async function startKea({ server, directory }: Site): Promise<{ running?: Running; name: string }> {
  const version = await run(['kea-dhcp4', '-v'], { anyExitCode: true }).catch(() => undefined);
  if (version === undefined) return { name: 'Kea: not installed (Debian package kea-dhcp4-server)' };
  const config = join(directory, 'kea.json');
  writeFileSync(config, JSON.stringify(keaConfig(directory)));
  const running = server.start(['kea-dhcp4', '-c', config], {
    logFile: join(directory, 'log'),
    environment: { ...process.env, KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: directory },
  });
  await started(running, 'DHCP4_STARTED');
  return { running, name: `Kea ${version.trim()}, memfile: written, never synced before an ACK` };
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
      'valid-lifetime': 4000,
      'renew-timer': 2000,
      'rebind-timer': 3500,
      'option-def': [{ name: 'url', code: 160, type: 'string' }],
      'option-data': [
        { name: 'routers', data: '10.66.0.1' },
        { name: 'domain-name-servers', data: '10.66.0.1' },
        { name: 'ntp-servers', data: '10.66.0.1' },
        { name: 'time-offset', data: '3600' },
        { name: 'tftp-server-name', data: 'http://10.66.0.1' },
      ],
      subnet4: [{ subnet: '10.66.0.0/16', pools: [{ pool: '10.66.1.0 - 10.66.200.255' }] }],
      loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
    },
  };
}

async function started(running: Running, words: string): Promise<void> {
  await until(`"${words}"`, () => running.lastWords().includes(words) || undefined, {
    timeoutMs: 20_000,
    everyMs: 50,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
}

/** Undefined without any result. */
function better(results: readonly Result[]): Result | undefined {
  if (results.length === 0) return undefined;
  const of = (key: keyof Result) => results.map((result) => result[key]);
  return {
    rate: Math.max(...of('rate')),
    p99: Math.min(...of('p99')),
    ackP99: Math.min(...of('ackP99')),
    lost: of('lost').reduce((sum, lost) => sum + lost),
    naks: of('naks').reduce((sum, naks) => sum + naks),
  };
}

/** The first phones of a window are new to the server, later ones boot again. */
async function measure({ client }: Site, outstanding: number, round: number): Promise<Result> {
  const program = join(import.meta.dirname, 'dhcp-client.ts');
  const first = (windows.findIndex((window) => window === outstanding) * rounds + round) * 3000;
  const numbers = [outstanding, seconds, first].map(String);
  const out = await client.exec([process.execPath, program, '10.66.0.1', '10.66.255.2', ...numbers], {
    timeoutMs: 30_000,
  });
  return JSON.parse(out) as Result;
}
