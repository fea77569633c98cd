/**
 * The systemd units that depend on the settings: a socket for each port that needs a right, which parts run, and whom a part may
 * talk to. systemd binds no socket to a card named by a template's instance, so these are whole files. Pure.
 */
import type { Config } from '../config.ts';
import { watchedCards } from '../config/networks.ts';
import { configuredParts } from '../config/parts.ts';

/** `path` is relative to the folder of units. */
export type UnitFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly link: string };

/** What it pulls in, as links. */
export const wantsFolder = 'gatehouse.target.wants';

const mark = '# Written by `gatehouse units` from the settings: changes here are lost.';

/** Whether a file was made by {@link unitFiles}. */
export function isOurs(text: string): boolean {
  return text.startsWith(mark);
}

const packagedUnits = '/usr/lib/systemd/system';

export function unitFiles(config: Config): UnitFile[] {
  const parts = configuredParts(config);
  const sockets = parts.flatMap((part) => socketsOf[part]?.(config) ?? []);
  return [
    ...sockets.map((socket) => ({ path: socket.unit, text: socketText(socket) })),
    ...sockets.map(({ unit }) => ({ path: `${wantsFolder}/${unit}`, link: `../${unit}` })),
    ...parts.map((part) => ({
      path: `${wantsFolder}/gatehouse@${part}.service`,
      link: `${packagedUnits}/gatehouse@.service`,
    })),
    // The page's orders to the box.
    { path: `${wantsFolder}/gatehouse-orders.path`, link: `${packagedUnits}/gatehouse-orders.path` },
    ...(parts.includes('location') ? [locationPeers(config)] : []),
  ];
}

interface Socket {
  readonly unit: string;
  readonly about: string;
  readonly part: string;
  /** Name of the descriptor, as the part looks for it. */
  readonly name: string;
  readonly lines: readonly string[];
}

const socketsOf: Partial<Record<string, (config: Config) => Socket[]>> = {
  dhcp: (config) => [
    ...dhcpCards(config).map(serverSocket),
    ...Array.from(watchedCards(config).keys(), clientSocket),
  ],
  provisioning: ({ site, provisioning }) => [
    ...[site.address, ...site.former_addresses].flatMap((address, at) => [
      webSocket('http', { address, port: provisioning.http_port, isFormer: at > 0 }),
      webSocket('https', { address, port: provisioning.https_port, isFormer: at > 0 }),
    ]),
    ...(provisioning.syslog ? [syslogSocket(site.address)] : []),
  ],
};

/** Cards on which DHCP is spoken: those of phones, and a relay's toward its servers. */
export function dhcpCards(config: Config): string[] {
  const { mode, relay } = config.dhcp;
  const uplink = mode === 'relay' && relay.uplink !== undefined ? [relay.uplink] : [];
  return [...new Set([...watchedCards(config).keys(), ...uplink])];
}

function serverSocket(card: string): Socket {
  return {
    unit: `gatehouse-dhcp-${card}.socket`,
    about: `Gatehouse DHCP on ${card}`,
    part: 'dhcp',
    name: `dhcp=${card}`,
    // A storm of a thousand phones waits here.
    lines: ['ListenDatagram=0.0.0.0:67', `BindToDevice=${card}`, 'Broadcast=yes', 'ReceiveBuffer=4M'],
  };
}

function clientSocket(card: string): Socket {
  return {
    unit: `gatehouse-dhcp-client-${card}.socket`,
    about: `Gatehouse watch for other DHCP servers on ${card}`,
    part: 'dhcp',
    name: `dhcp-client=${card}`,
    lines: ['ListenDatagram=0.0.0.0:68', `BindToDevice=${card}`, 'Broadcast=yes'],
  };
}

interface WebPort {
  readonly address: string;
  readonly port: number;
  readonly isFormer: boolean;
}

function webSocket(scheme: 'http' | 'https', { address, port, isFormer }: WebPort): Socket {
  const which = isFormer ? `-${address}` : '';
  return {
    unit: `gatehouse-provisioning-${scheme}${which}.socket`,
    about: `Gatehouse provisioning, ${scheme}${isFormer ? ` at ${address}` : ''}`,
    part: 'provisioning',
    name: `provisioning-${scheme}=${address}`,
    // The card may come up later.
    lines: [`ListenStream=${address}:${port}`, 'FreeBind=yes', 'Backlog=511'],
  };
}

function syslogSocket(address: string): Socket {
  return {
    unit: 'gatehouse-provisioning-syslog.socket',
    about: 'Gatehouse syslog of phones',
    part: 'provisioning',
    name: `provisioning-syslog=${address}`,
    lines: [`ListenDatagram=${address}:514`, 'FreeBind=yes', 'ReceiveBuffer=1M'],
  };
}

function socketText({ about, part, name, lines }: Socket): string {
  return [
    mark,
    '[Unit]',
    `Description=${about}`,
    'PartOf=gatehouse.target',
    '',
    '[Socket]',
    ...lines,
    `FileDescriptorName=${name}`,
    `Service=gatehouse@${part}.service`,
    '',
  ].join('\n');
}

/** It asks switches and nobody else. */
function locationPeers({ location }: Config): UnitFile {
  const switches = [...new Set(location.switch.map(({ address }) => address))];
  return {
    path: 'gatehouse@location.service.d/switches.conf',
    text: [
      mark,
      '[Service]',
      'IPAddressDeny=any',
      ...switches.map((address) => `IPAddressAllow=${address}`),
      '',
    ].join('\n'),
  };
}
