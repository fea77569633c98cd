/** One wire between a DHCP server and a relay with many phones behind it; the box, or a peer, as the server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, until, type Running } from './command.ts';
import type { Lab, Namespace } from './namespaces.ts';

export interface DhcpWire {
  readonly server: Namespace;
  readonly relay: Namespace;
  /** The server's own, for configuration, leases and log. */
  readonly directory: string;
}

export const serverAddress = '10.66.0.1';
export const relayAddress = '10.66.255.2';
/** 51,200 addresses of 10.66.0.0/16. */
export const pool = ['10.66.1.0', '10.66.200.255'] as const;

/** Each server has the same addresses and nothing else to hear. */
export async function openDhcpWire(lab: Lab, name: string): Promise<DhcpWire> {
  const server = await lab.namespace(`${name}-s`);
  const relay = await lab.namespace(`${name}-r`);
  await lab.wire({ namespace: server, card: 'eth0' }, { namespace: relay, card: 'eth0' });
  for (const [namespace, address] of [
    [server, serverAddress],
    [relay, relayAddress],
  ] as const) {
    await namespace.exec(['ip', 'addr', 'add', `${address}/16`, 'dev', 'eth0']);
    await namespace.exec(['ip', 'link', 'set', 'eth0', 'up']);
  }
  const directory = join(lab.directory, name);
  mkdirSync(directory);
  return { server, relay, directory };
}

const root = join(import.meta.dirname, '../..');

interface BoxPlace {
  readonly stateDirectory?: string;
  /** Words before the program, such as a tracer. */
  readonly under?: readonly string[];
  /** Words before everything, such as those that enter another mount namespace. */
  readonly inside?: readonly string[];
  /** Shell lines run first; see `Namespace.start`. */
  readonly prepare?: readonly string[];
  /** Tables below `[dhcp]`, as text. */
  readonly dhcpSettings?: string;
}

/** The box's DHCP part as a process of its own, as in the image. */
export function spawnBox({ server, directory }: DhcpWire, place: BoxPlace = {}): Running {
  const { stateDirectory = join(directory, 'state'), under = [], inside = [], prepare = [] } = place;
  const config = join(directory, 'gatehouse.toml');
  writeFileSync(
    config,
    `[site]
address = "${serverAddress}"
time_zone = "Europe/Berlin"
tenant_id = "11111111-2222-3333-4444-555555555555"
state_directory = "${stateDirectory}"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/16"
pool = ${JSON.stringify(pool)}
routers = ["${serverAddress}"]
dns_servers = ["${serverAddress}"]
lease_seconds = 4000
${place.dhcpSettings ?? ''}`,
  );
  const main = [process.execPath, join(root, 'appliance/main.ts'), 'run', 'dhcp', '--config', config];
  const script = [...prepare, 'exec "$@"'].join(' && ');
  const withSockets = [join(root, 'systemd/with-sockets'), 'dhcp=eth0:udp:67', '--'];
  return start([...inside, ...server.prefix, 'sh', '-c', script, 'sh', ...under, ...withSockets, ...main], {
    logFile: join(directory, 'log'),
  });
}

/** Resolves when the server has said these words. */
export async function hasStarted(running: Running, said = 'part started'): Promise<void> {
  await until(`"${said}"`, () => running.lastWords().includes(said) || undefined, {
    timeoutMs: 20_000,
    everyMs: 10,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
}
