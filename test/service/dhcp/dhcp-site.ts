/** The DHCP part on a wire made of memory: packets in, packets out, a real store on disk. */
import { pino } from 'pino';
import { parseConfig } from '../../../appliance/config.ts';
import { startDhcpServer } from '../../../appliance/dhcp/server.ts';
import type { Endpoint, UdpPort } from '../../../appliance/net/udp.ts';
import {
  decodeMessage,
  encodeMessage,
  messageType,
  type MessageType,
} from '../../../appliance/protocol/dhcp.ts';
import { decodeOptions, encodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { formatIpv4, parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { readLeases, type Lease } from '../../../appliance/store/leases.ts';
import type { Part } from '../../../appliance/world.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';

export interface Answer {
  /** Card on which it left. */
  readonly card: string;
  readonly to: string;
  readonly type: MessageType;
  readonly xid: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly giaddr: string;
  readonly options: DhcpOptions;
  /** Codes in wire order. */
  readonly codes: readonly number[];
  readonly length: number;
}

export interface DhcpSite extends AsyncDisposable {
  readonly part: Part;
  readonly clock: FakeClock;
  /** Sends what a client says on a card (`eth0`) and waits until the server has done all about it. */
  say(message: ClientMessage, card?: string): Promise<Answer[]>;
  /** `from`: where it comes from; 0.0.0.0 unless said. */
  raw(bytes: Uint8Array, card?: string, from?: Endpoint): Promise<Answer[]>;
  leases(): Lease[];
  journal(): { kind: string; mac: string | null; body: Record<string, unknown> }[];
}

export interface ClientMessage {
  readonly type: MessageType;
  readonly mac?: string;
  readonly xid?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly options?: DhcpOptions;
}

export const yealink = '80:5e:c0:00:00:01';

export async function openDhcpSite(
  directory: string,
  settings = '',
  start = Date.UTC(2026, 0, 15, 12),
): Promise<DhcpSite> {
  const clock = fakeClock(start);
  const wires = new Map<string, ReturnType<typeof memoryWire>>();
  const part = await startDhcpServer(
    { log: pino({ level: 'silent' }), clock },
    siteConfig(directory, settings),
    {
      server: (card) => {
        const wire = memoryWire();
        wires.set(card, wire);
        return Promise.resolve(wire.port);
      },
      client: () => Promise.resolve(undefined),
    },
  );
  const raw = async (bytes: Uint8Array, card = 'eth0', from?: Endpoint) => {
    const wire = wires.get(card);
    if (wire === undefined) throw new Error(`no socket on ${card}`);
    wire.deliver(bytes, from);
    await turns();
    return [...wires].flatMap(([name, { taken }]) => taken().map((datagram) => readAnswer(name, datagram)));
  };
  const read = <T>(work: (reader: NonNullable<ReturnType<typeof openReader>>) => T) => {
    using reader = openReader(directory, 'dhcp');
    if (reader === undefined) throw new Error('no database');
    return work(reader);
  };
  return {
    part,
    clock,
    raw,
    say: (message, card) => raw(clientBytes(message), card),
    leases: () => read(({ db }) => readLeases(db)),
    journal: () =>
      read((reader) =>
        reader
          .journalAfter(0, 1000)
          .flatMap((row) =>
            row.kind === 'started' || !('body' in row)
              ? []
              : [{ kind: row.kind, mac: row.mac, body: JSON.parse(row.body) as Record<string, unknown> }],
          ),
      ),
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}

/** Until all is done: a commit waits for a turn and then for the disk, and what waits for the commit for another turn. */
export async function turns(): Promise<void> {
  for (let quiet = 0; quiet < 6; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (process.getActiveResourcesInfo().includes('FSReqCallback')) quiet = -1;
  }
}

export function siteConfig(directory: string, settings: string) {
  return parseConfig(`
[site]
address = "10.66.0.1"
time_zone = "America/New_York"
state_directory = "${directory}"
[dhcp]
mode = "server"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.109"]
routers = ["10.66.0.1"]
dns_servers = ["10.66.0.1"]
lease_seconds = 3600
conflict_check = false
${settings}`);
}

export function memoryWire() {
  let sent: { bytes: Uint8Array; to: Endpoint }[] = [];
  let receive: ((bytes: Uint8Array, from: Endpoint) => void) | undefined;
  const post = (bytes: Uint8Array, to: Endpoint) => {
    sent.push({ bytes, to });
  };
  const port: UdpPort = {
    address: () => ({ address: '0.0.0.0', port: 67 }),
    send: (bytes, to) => Promise.resolve(post(bytes, to)),
    post,
    onDatagram: (handler) => {
      receive = handler;
    },
    onError: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return {
    port,
    deliver: (bytes: Uint8Array, from: Endpoint = { address: '0.0.0.0', port: 68 }) => receive?.(bytes, from),
    taken: () => sent.splice(0),
  };
}

export function clientBytes(message: ClientMessage): Uint8Array {
  const none = new Uint8Array(0);
  return encodeMessage({
    op: 'request',
    htype: 1,
    hops: 0,
    xid: message.xid ?? 7,
    secs: 0,
    flags: message.flags ?? 0,
    ciaddr: parseIpv4(message.ciaddr ?? '0.0.0.0'),
    yiaddr: 0,
    siaddr: 0,
    giaddr: parseIpv4(message.giaddr ?? '0.0.0.0'),
    chaddr: Buffer.from((message.mac ?? yealink).replaceAll(':', ''), 'hex'),
    sname: none,
    file: none,
    options: encodeOptions({ messageType: messageType[message.type], ...message.options }),
  }).bytes;
}

export function readAnswer(card: string, { bytes, to }: { bytes: Uint8Array; to: Endpoint }): Answer {
  const { xid, flags, ciaddr, yiaddr, giaddr, options } = decodeMessage(bytes);
  const { messageType: type, ...rest } = decodeOptions(options);
  const [name] = Object.entries(messageType).find(([, code]) => code === type) ?? [];
  return {
    card,
    to: `${to.address}:${to.port}`,
    type: name as MessageType,
    xid,
    flags,
    ciaddr: formatIpv4(ciaddr),
    yiaddr: formatIpv4(yiaddr),
    giaddr: formatIpv4(giaddr),
    options: rest,
    codes: [...options.keys()],
    length: bytes.length,
  };
}

/** The server identifier. */
export const box = parseIpv4('10.66.0.1');
/** What every client is told. */
export const common = {
  serverIdentifier: box,
  leaseTime: 3600,
  renewalTime: 1800,
  rebindingTime: 3150,
  subnetMask: parseIpv4('255.255.255.0'),
  routers: [box],
  dnsServers: [box],
};
/** What phones are told besides, and their URL. */
export const forPhones = { ntpServers: [box], timeOffset: -18_000 };

/** DISCOVER and REQUEST; the address that was given. */
export async function boot(site: DhcpSite, mac = yealink): Promise<string> {
  const [offer] = await site.say({ type: 'discover', mac });
  if (offer === undefined) throw new Error('no offer');
  const [ack] = await site.say({
    type: 'request',
    mac,
    options: { requestedAddress: parseIpv4(offer.yiaddr), serverIdentifier: box },
  });
  if (ack?.type !== 'ack' || ack.yiaddr !== offer.yiaddr)
    throw new Error(`no ACK but ${JSON.stringify(ack)}`);
  return offer.yiaddr;
}
