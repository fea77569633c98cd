/** One wire between a DHCP server and a relay with many phones behind it; the box, or a peer, as the server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from './command.ts';
import { spawnDhcpBox, type BoxPlace } from './dhcp-box.ts';
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

interface BoxSettings extends BoxPlace {
  readonly stateDirectory?: string;
  /** Tables below `[dhcp]`, as text. */
  readonly dhcpSettings?: string;
}

/** The box as the wire's server. */
export function spawnBox({ server, directory }: DhcpWire, place: BoxSettings = {}): Running {
  const { stateDirectory = join(directory, 'state') } = place;
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
  return spawnDhcpBox(server, config, { ...place, logFile: join(directory, 'log') });
}
