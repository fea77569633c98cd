/** systemd-networkd as a DHCP client in a namespace: what it needs where no systemd and no udev is, and what it was told. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cover } from './namespaces.ts';

export const networkdProgram = '/lib/systemd/systemd-networkd';

interface NetworkdOptions {
  readonly card: string;
  readonly directory: string;
  readonly checksAddress: boolean;
}

/** Shell lines for `Namespace.start`. Its state is kept in `directory`, so that a later start finds it. */
export function prepareNetworkd({ card, directory, checksAddress }: NetworkdOptions): string[] {
  const state = join(directory, 'netif');
  mkdirSync(state, { recursive: true });
  // Without an identifier of the machine's own, two in one machine would be one client.
  const lines = [
    `[Match]\nName=${card}`,
    '[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no',
    `[DHCPv4]\nDUIDType=link-layer\nSendDecline=${checksAddress}`,
  ];
  writeFileSync(join(directory, '00-lab.network'), `${lines.join('\n')}\n`);
  return [
    // It takes a machine whose /sys can't be written for a container, and waits for no udev there.
    'mount -o remount,bind,ro /sys',
    cover('/run'),
    'mkdir -p /run/systemd/network /run/systemd/netif',
    `cp ${directory}/00-lab.network /run/systemd/network`,
    `mount --bind ${state} /run/systemd/netif`,
    'mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp',
    'chown -R systemd-network:systemd-network /run/systemd/netif',
  ];
}

export interface NetworkdLease {
  readonly ip: string;
  readonly ntpServers: readonly string[];
}

/** Undefined while it has none. */
export function readNetworkdLease(directory: string): NetworkdLease | undefined {
  const leases = join(directory, 'netif/leases');
  const [name] = readFolder(leases).filter((file) => /^\d+$/.test(file));
  const text = name === undefined ? '' : readFileSync(join(leases, name), 'utf8');
  const ip = /^ADDRESS=(.+)$/m.exec(text)?.[1];
  const servers = /^NTP=(.+)$/m.exec(text)?.[1];
  return ip === undefined ? undefined : { ip, ntpServers: servers?.split(' ') ?? [] };
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
