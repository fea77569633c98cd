/** A LAN with the box on it and real DHCP clients as phones, each on a cable of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCapture, type Capture } from '../support/capture.ts';
import { run, until, type Running } from '../support/command.ts';
import { hasStarted, spawnDhcpBox, type BoxPlace } from '../support/dhcp-box.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';

export interface DhcpOffice extends AsyncDisposable {
  readonly lab: Lab;
  readonly box: Namespace;
  /** The switch; `portOf` names its ports. */
  readonly fabric: Namespace;
  readonly capture: Capture;
  /** A namespace on the LAN with one card, "eth0". */
  phone(name: string, mac: string): Promise<Namespace>;
  /** Starts the box's DHCP part and waits until it answers. */
  startBox(changes?: BoxChanges): Promise<Running>;
  /** What was on the wire, oldest first, read by tshark. */
  packets(filter: string): Promise<WirePacket[]>;
  /** What `gatehouse status` prints. */
  status(): Promise<string>;
}

export interface BoxChanges extends Omit<BoxPlace, 'logFile'> {
  readonly leaseSeconds?: number;
  readonly timeZone?: string;
  readonly stateDirectory?: string;
  /** Instead of 10.66.0.0/24 and a hundred addresses. */
  readonly subnet?: string;
  readonly pool?: readonly [string, string];
  /** Lines of settings after those of a server. */
  readonly more?: string;
  /** Lines of the table [dhcp] instead of those of a server. */
  readonly dhcp?: string;
}

/** One DHCP message as tshark shows it. */
export interface WirePacket {
  readonly ethernetTo: string;
  readonly from: string;
  readonly to: string;
  /** Option 53. */
  readonly type: number;
  readonly mac: string;
  /** As hex digits: a message and its answer share it. */
  readonly xid: string;
  readonly clientAddress: string;
  readonly yourAddress: string;
  /** Option number to its value as hex digits. */
  readonly options: ReadonlyMap<number, string>;
}

export async function openDhcpOffice(): Promise<DhcpOffice> {
  const lab = openLab();
  const fabric = await lab.namespace('switch');
  await fabric.exec(['ip', 'link', 'add', 'br0', 'type', 'bridge']);
  await fabric.exec(['ip', 'link', 'set', 'br0', 'up']);
  const plug = async (namespace: Namespace, mac?: string) => {
    const card = portOf(namespace);
    await lab.wire({ namespace, card: 'eth0', ...(mac ? { mac } : {}) }, { namespace: fabric, card });
    await fabric.exec(['ip', 'link', 'set', card, 'master', 'br0', 'up']);
    await namespace.exec(['ip', 'link', 'set', 'eth0', 'up']);
    // The switch hears of the carrier a moment later, on a busy machine after the first packet of whoever starts at once.
    await until(`${card} to forward`, () => forwards(fabric, card), { timeoutMs: 10_000, everyMs: 10 });
  };
  const box = await lab.namespace('box');
  await plug(box);
  await box.exec(['ip', 'addr', 'add', '10.66.0.1/24', 'dev', 'eth0']);
  const file = join(lab.directory, 'lan.pcap');
  const capture = await startCapture(box, { card: 'eth0', file, filter: 'udp port 67 or udp port 68' });
  return {
    lab,
    box,
    fabric,
    capture,
    phone: async (name, mac) => {
      const namespace = await lab.namespace(name);
      await plug(namespace, mac);
      return namespace;
    },
    startBox: (changes) => startBox({ lab, box }, changes),
    packets: (filter) => readPackets(file, filter),
    status: () => box.exec([...statusCommand, configFile(lab.directory)], { anyExitCode: true }),
    [Symbol.asyncDispose]: async () => {
      await capture[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

async function forwards(fabric: Namespace, card: string): Promise<true | undefined> {
  return (
    (await fabric.exec(['bridge', 'link', 'show', 'dev', card])).includes('state forwarding') || undefined
  );
}

const statusCommand = [process.execPath, 'appliance/main.ts', 'status', '--config'];

const configFile = (directory: string) => join(directory, 'gatehouse.toml');

/** The card of the switch that this one is plugged into. */
export const portOf = ({ name }: Namespace) => `p${name.slice(-10)}`;

async function startBox(
  { lab, box }: { lab: Lab; box: Namespace },
  changes: BoxChanges = {},
): Promise<Running> {
  const config = writeBoxConfig(lab.directory, changes);
  const running = spawnDhcpBox(box, config, { ...changes, logFile: join(lab.directory, 'box.log') });
  await hasStarted(running);
  return running;
}

export function writeBoxConfig(directory: string, changes: BoxChanges): string {
  const file = configFile(directory);
  writeFileSync(
    file,
    `[site]
address = "10.66.0.1"
time_zone = "${changes.timeZone ?? 'America/New_York'}"
tenant_id = "11111111-2222-3333-4444-555555555555"
state_directory = "${changes.stateDirectory ?? join(directory, 'state')}"
[dhcp]
interface = "eth0"
${changes.dhcp ?? serverLines(changes)}
`,
  );
  return file;
}

function serverLines(changes: BoxChanges): string {
  return `mode = "server"
subnet = "${changes.subnet ?? '10.66.0.0/24'}"
pool = ${JSON.stringify(changes.pool ?? ['10.66.0.100', '10.66.0.199'])}
routers = ["10.66.0.1"]
dns_servers = ["10.66.0.1", "10.66.0.2"]
lease_seconds = ${changes.leaseSeconds ?? 600}
${changes.more ?? ''}`;
}

const fields = [
  'eth.dst',
  'ip.src',
  'ip.dst',
  'dhcp.option.dhcp',
  'dhcp.hw.mac_addr',
  'dhcp.id',
  'dhcp.ip.client',
  'dhcp.ip.your',
  'dhcp.option.type',
  'dhcp.option.value',
];

/** DHCP messages of a capture, oldest first, read by tshark. */
export async function readPackets(file: string, filter: string): Promise<WirePacket[]> {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const command = [
    'tshark',
    '-r',
    file,
    '-Y',
    `dhcp && (${filter})`,
    '-T',
    'fields',
    '-E',
    'separator=|',
    ...wanted,
  ];
  const out = await run(command, { timeoutMs: 60_000 });
  return out.split('\n').filter(Boolean).map(readPacket);
}

function readPacket(line: string): WirePacket {
  const [
    ethernetTo = '',
    from = '',
    to = '',
    type = '',
    mac = '',
    xid = '',
    clientAddress = '',
    yourAddress = '',
    codes = '',
    values = '',
  ] = line.split('|');
  const valueList = values.split(',');
  const numbers = codes
    .split(',')
    .map(Number)
    .filter((code) => code !== 0 && code !== 255);
  const options = new Map(numbers.map((code, at) => [code, valueList[at] ?? '']));
  // The client identifier holds the hardware address once more.
  return {
    ethernetTo,
    from,
    to,
    type: Number(type),
    mac: mac.split(',')[0] ?? '',
    xid,
    clientAddress,
    yourAddress,
    options,
  };
}

export function asText(hex: string | undefined): string {
  return Buffer.from(hex ?? '', 'hex').toString('latin1');
}

export function asNumber(hex: string | undefined): number {
  return Buffer.from(hex ?? '', 'hex').readInt32BE(0);
}

/** An address as an option holds it. */
export function addressHex(ip: string): string {
  return Buffer.from(ip.split('.').map(Number)).toString('hex');
}
