/**
 * The nftables rules that relay RTP in the kernel: stateless, each direction of a stream keyed by who sends it, so that nobody
 * else's packets are relayed. Pure. What a rule's map doesn't know goes to the socket of that port, as without the rules.
 */
import { firstMark, markPrefix, mediaMark } from '../protocol/media-mark.ts';
import type { Endpoint } from './session.ts';

/** One direction of one stream. */
export interface Flow {
  /** Its own, of {@link nextMark}. */
  readonly mark: number;
  readonly from: Endpoint;
  /** Ours, that it comes to. */
  readonly at: Endpoint;
  /** Ours, that it leaves by. */
  readonly by: Endpoint;
  readonly to: Endpoint;
}

export interface FlowCount {
  readonly packets: number;
  /** With the headers of IP and UDP. */
  readonly bytes: number;
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const tableName = 'gatehouse_media';
const maxFlows = 8192;
/**
 * Where the kernel logs headers of what it relays, up to so many a second: of 128 packets two in a row, those with these bits of
 * their sequence number all 0. Jitter is between neighbours.
 */
export const sampleGroup = 7170;
const samples = { sequenceBits: '0x7e', perSecond: 500 };
/** Packets a second that somebody whom no rule knows may send to one port before it reaches a socket. */
const strangerRate = 1000;

/** A map of the table for each thing that a mark decides. */
const byMark = {
  to_address: { type: 'ipv4_addr', of: ({ to }) => to.address },
  to_port: { type: 'inet_service', of: ({ to }) => to.port },
  our_address: { type: 'ipv4_addr', of: ({ by }) => by.address },
  our_port: { type: 'inet_service', of: ({ by }) => by.port },
} as const satisfies Record<string, { type: string; of: (flow: Flow) => string | number }>;

const markMaps = Object.entries(byMark);

/** In place of whatever this table was, in one step: packets of flows that stay are not held up. For `nft -f`. */
export function mediaTable({ first, last }: PortRange, flows: readonly Flow[]): string {
  return `table ip ${tableName}
delete table ip ${tableName}
table ip ${tableName} {
  counter arrived { }
  counter departed { }
${mapText('leg', 'ipv4_addr . inet_service . ipv4_addr . inet_service : mark\n    counter', flows.map(legElement))}
${markMaps.map(([name, { type, of }]) => mapText(name, `mark : ${type}`, flows.map(markElement(of)))).join('\n')}
  set strangers {
    type ipv4_addr . inet_service
    size 16384
    flags dynamic,timeout
    timeout 5s
  }
  chain arrival {
    type filter hook prerouting priority raw; policy accept;
    meta mark ${mediaMark} meta mark set 0
    meta l4proto != udp accept
    udp dport != ${first}-${last} accept
    # RTP and SRTP only: RTCP, STUN and DTLS (RFC 7983) are for the socket, and so is what is in pieces, or bears no checksum that
    # could be corrected.
    @th,64,2 2 @th,72,8 != 192-223 ip frag-off & 0x3fff 0 udp checksum != 0 meta mark set ip saddr . udp sport . ip daddr . udp dport map @leg
    meta mark != ${mediaMark} goto stranger
    @th,80,16 & ${samples.sequenceBits} == 0 limit rate ${samples.perSecond}/second log group ${sampleGroup} snaplen 80 queue-threshold 1
    counter name arrived notrack ip daddr set meta mark map @to_address udp dport set meta mark map @to_port
  }
  chain stranger {
    update @strangers { ip saddr . udp dport limit rate over ${strangerRate}/second burst ${strangerRate} packets } drop
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    meta mark ${mediaMark} accept
  }
  chain departure {
    type filter hook postrouting priority srcnat + 10; policy accept;
    meta mark ${mediaMark} counter name departed ip saddr set meta mark map @our_address udp sport set meta mark map @our_port
    udp sport ${first}-${last} ip dscp set ef
  }
}
`;
}

function mapText(name: string, type: string, elements: readonly string[]): string {
  const filled = elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`;
  return `  map ${name} {
    type ${type}
    size ${maxFlows}
${filled}  }`;
}

/** One line, one transaction: what was there for `before` goes, `after` takes its place. */
export function changeFlows(before: readonly Flow[], after: readonly Flow[]): string {
  return [...elements('delete', before), ...elements('add', after)].join('; ');
}

/** Prints what {@link parseCounts} reads, of these alone. */
export function askCounts(flows: readonly Flow[]): string {
  return `get element ip ${tableName} leg { ${flows.map(keyOf).join(', ')} }`;
}

/** From a printed map `leg`: by mark. */
export function parseCounts(printed: string): Map<number, FlowCount> {
  const counts = printed.matchAll(/counter packets (\d+) bytes (\d+) : 0x([0-9a-f]{8})/g);
  return new Map(
    Array.from(counts, ([, packets, bytes, mark]) => [
      parseInt(mark ?? '', 16),
      { packets: Number(packets), bytes: Number(bytes) },
    ]),
  );
}

/** From the two printed counters: packets that came to be relayed, and those of them that left. */
export function parseTotals(printed: string): { readonly arrived: number; readonly departed: number } {
  const of = (name: string) =>
    Number(new RegExp(`counter ${name} \\{\\s*packets (\\d+)`).exec(printed)?.[1] ?? NaN);
  return { arrived: of('arrived'), departed: of('departed') };
}

/** From the printed table: the flows that are in it. One that isn't whole is left out. */
export function parseFlows(printed: string): Flow[] {
  const maps = new Map(
    Array.from(printed.matchAll(/map (\w+) \{([^}]*(?:\{[^}]*\})?)/g), ([, name = '', body = '']) => [
      name,
      body,
    ]),
  );
  const value = (name: keyof typeof byMark, mark: string) =>
    new RegExp(`${mark} : ([\\d.]+)`).exec(maps.get(name) ?? '')?.[1];
  const legs = (maps.get('leg') ?? '').matchAll(
    /([\d.]+) \. (\d+) \. ([\d.]+) \. (\d+) counter packets \d+ bytes \d+ : (0x[0-9a-f]{8})/g,
  );
  return Array.from(legs).flatMap(([, from = '', fromPort, at = '', atPort, mark = '']) => {
    const [to, toPort] = [value('to_address', mark), value('to_port', mark)];
    const [by, byPort] = [value('our_address', mark), value('our_port', mark)];
    if (to === undefined || toPort === undefined || by === undefined || byPort === undefined) return [];
    return {
      mark: Number(mark),
      from: { address: from, port: Number(fromPort) },
      at: { address: at, port: Number(atPort) },
      by: { address: by, port: Number(byPort) },
      to: { address: to, port: Number(toPort) },
    };
  });
}

function elements(verb: 'add' | 'delete', flows: readonly Flow[]): string[] {
  if (flows.length === 0) return [];
  const line = (map: string, items: readonly string[]) =>
    `${verb} element ip ${tableName} ${map} { ${items.join(', ')} }`;
  const maps = markMaps.map(([name, { of }]) =>
    line(name, verb === 'add' ? flows.map(markElement(of)) : flows.map(({ mark }) => String(mark))),
  );
  return [...maps, line('leg', verb === 'add' ? flows.map(legElement) : flows.map(keyOf))];
}

function keyOf({ from, at }: Flow): string {
  return `${from.address} . ${from.port} . ${at.address} . ${at.port}`;
}

function legElement(flow: Flow): string {
  return `${keyOf(flow)} : ${flow.mark}`;
}

function markElement(of: (flow: Flow) => string | number): (flow: Flow) => string {
  return (flow) => `${flow.mark} : ${of(flow)}`;
}

/** The one after this, round and round. */
export function nextMark(mark: number): number {
  return firstMark + ((mark - firstMark + 1) % 2 ** (32 - markPrefix));
}
