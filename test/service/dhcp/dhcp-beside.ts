/** The DHCP part with both its sockets on wires of memory: what clients and other servers say, and what leaves. */
import { pino } from 'pino';
import { parseConfig, type Config } from '../../../appliance/config.ts';
import type { SocketSource } from '../../../appliance/dhcp/socket.ts';
import {
  decodeMessage,
  encodeMessage,
  messageType,
  type DhcpMessage,
} from '../../../appliance/protocol/dhcp.ts';
import { encodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { readOtherServers, type OtherServer } from '../../../appliance/store/other-servers.ts';
import { openReader, type Reader } from '../../../appliance/store/reader.ts';
import type { Part, World } from '../../../appliance/world.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { memoryWire, readAnswer, turns, type Answer } from './dhcp-site.ts';

export interface BesideSite extends AsyncDisposable {
  readonly part: Part;
  readonly clock: FakeClock;
  /** What the part sends when it hears this on port 67. */
  readonly hear: (bytes: Uint8Array, from?: string) => Promise<Answer[]>;
  /** The same for bytes whose answers may be as odd: how many datagrams left. */
  readonly tell: (bytes: Uint8Array, from?: string) => Promise<number>;
  /** Probes that left since the last call. */
  readonly probes: () => DhcpMessage[];
  /** Another server answers a client, or a probe. */
  readonly otherServerSays: (server: string, options?: DhcpOptions) => Promise<void>;
  readonly otherServers: () => OtherServer[];
  readonly kinds: () => string[];
  readonly read: <T>(work: (reader: Reader) => T) => T;
}

interface Settings {
  readonly directory: string;
  /** Lines of the table [dhcp]. */
  readonly dhcp: string;
  /** False: nobody hands over port 68. */
  readonly hasClientSocket?: boolean;
}

type Start = (world: World, config: Config, source: SocketSource) => Promise<Part>;

export async function openBeside(start: Start, settings: Settings): Promise<BesideSite> {
  const clock = fakeClock(Date.UTC(2026, 0, 15, 12));
  const [server, client] = [memoryWire(), memoryWire()];
  // Every machine has "lo"; the part asks the kernel for its MAC.
  const config = parseConfig(`[site]
address = "10.66.0.1"
time_zone = "America/New_York"
state_directory = "${settings.directory}"
[dhcp]
interface = "lo"
${settings.dhcp}`);
  const part = await start({ log: pino({ level: 'silent' }), clock }, config, {
    server: () => Promise.resolve(server.port),
    client: () => Promise.resolve(settings.hasClientSocket === false ? undefined : client.port),
  });
  const read = <T>(work: (reader: Reader) => T) => {
    using reader = openReader(settings.directory, 'dhcp');
    if (reader === undefined) throw new Error('no database');
    return work(reader);
  };
  const deliver = async (bytes: Uint8Array, from = '10.66.0.50') => {
    server.deliver(bytes, { address: from, port: 68 });
    await turns();
  };
  return {
    part,
    clock,
    read,
    hear: async (bytes, from) => {
      await deliver(bytes, from);
      return server.taken().map((sent) => readAnswer('lo', sent));
    },
    tell: async (bytes, from) => {
      await deliver(bytes, from);
      return server.taken().length;
    },
    probes: () => client.taken().map(({ bytes }) => decodeMessage(bytes)),
    otherServerSays: async (address, options = {}) => {
      client.deliver(serverBytes(address, options), { address, port: 67 });
      await turns();
    },
    otherServers: () => read(({ db }) => readOtherServers(db)),
    kinds: () =>
      read((reader) => reader.journalAfter(0, 1000).flatMap((row) => ('kind' in row ? [row.kind] : []))),
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}

/** An OFFER of that server. */
export function serverBytes(server: string, options: DhcpOptions = {}): Uint8Array {
  const none = new Uint8Array(0);
  return encodeMessage({
    op: 'reply',
    htype: 1,
    hops: 0,
    xid: 9,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: parseIpv4('10.66.0.200'),
    siaddr: 0,
    giaddr: 0,
    chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9),
    sname: none,
    file: none,
    options: encodeOptions({
      messageType: messageType.offer,
      serverIdentifier: parseIpv4(server),
      ...options,
    }),
  }).bytes;
}
