/**
 * The nftables rules that relay RTP in the kernel, where packets come in and before the machine's own routing: stateless, each
 * direction of a stream keyed by who sends it, so that nobody else's packets are relayed. Pure. What no rule knows goes on to the
 * socket of that port, as without the rules; the machine forwards nothing else.
 */
import type { Way } from '../net/routes.ts';
import type { Endpoint } from './session.ts';

/** One direction of one stream. Its port of ours, `at`, is nobody else's. */
export interface Flow {
  readonly from: Endpoint;
  /** Ours, that it comes to. */
  readonly at: Endpoint;
  /** Ours, that it leaves by. */
  readonly by: Endpoint;
  readonly to: Endpoint;
}

/** A flow that knows by which card it leaves. */
export type RoutedFlow = Flow & { readonly way: Way };

export interface FlowCount {
  readonly packets: number;
  /** With the headers of IP and UDP. */
  readonly bytes: number;
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Of a table in the family netdev, and of one in the family ip for packets that the process sends. */
export const tableName = 'gatehouse_media';
const maxFlows = 4096;
/**
 * Where the kernel logs headers of what it relays, up to so many a second: of 128 packets two in a row, those with these bits of
 * their sequence number all 0. Jitter is between neighbours. Each bears its time, so that they may come in heaps.
 */
export const sampleGroup = 7170;
const samples = { sequenceBits: '0x7e', perSecond: 500, aHeap: 64 };
/** Packets a second that somebody whom no rule knows may send to one port before it reaches a socket. */
const strangerRate = 1000;
/**
 * Packets a second of all streams that no rule knows yet: what comes beyond it, when a thousand calls begin in the same second, would
 * keep the process from making rules for any of them.
 */
const learning = { perSecond: 16_000, burst: 4000 };
/** Longer ones may have to be sent on in pieces, which is for the process. */
const longestBytes = 1400;

/** Maps of the table: what a packet gets, by our port that it came to. Each is read before that port is overwritten. */
const byPort = {
  our_port: { type: 'inet_service', of: ({ by }) => by.port, set: 'udp sport' },
  to_address: { type: 'ipv4_addr', of: ({ to }) => to.address, set: 'ip daddr' },
  to_port: { type: 'inet_service', of: ({ to }) => to.port, set: 'udp dport' },
} as const satisfies Record<string, { type: string; of: (flow: Flow) => string | number; set: string }>;

const portMaps = Object.entries(byPort);

/**
 * A chain for each address of ours by which packets leave, with card and gateway: there are few, and to the kernel they are constants.
 * Its name says what is in it.
 */
export function chainOf({ by, way }: RoutedFlow): string {
  return ['way', by.address, way.card, ...(way.gateway === undefined ? [] : [way.gateway])]
    .map((part, at) => (at === 0 ? part : Buffer.from(part).toString('hex')))
    .join('_');
}

function chainRules({ by, way: { card, gateway } }: RoutedFlow): string[] {
  const rewrite = portMaps.map(([map, { set }]) => `${set} set udp dport map @${map}`);
  return [
    `@th,80,16 & ${samples.sequenceBits} == 0 jump sample`,
    `${rewrite.join(' ')} ip saddr set ${by.address} ip dscp set ef fwd ip to ${gateway ?? 'ip daddr'} device "${card}"`,
  ];
}

/** In place of whatever these tables were, in one step: packets of flows that stay are not held up. For `nft -f`. */
export function mediaTable(
  { first, last }: PortRange,
  cards: readonly string[],
  flows: readonly RoutedFlow[],
): string {
  const ways = new Map(flows.map((flow) => [chainOf(flow), chainRules(flow)]));
  const chains = Array.from(ways, ([name, rules]) => `  chain ${name} {\n    ${rules.join('\n    ')}\n  }\n`);
  const devices = cards.map((card) => `"${card}"`).join(', ');
  return `${noMediaTable({ first, last })}table netdev ${tableName} {
${portMaps.map(([name, { type, of }]) => mapText(name, `inet_service : ${type}`, flows.map(portElement(of)))).join('\n')}
  set strangers {
    type ipv4_addr . inet_service
    size 16384
    flags dynamic,timeout
    timeout 5s
  }
  chain sample {
    limit rate ${samples.perSecond}/second log group ${sampleGroup} snaplen 80 queue-threshold ${samples.aHeap}
  }
${chains.join('')}${mapText('leg', 'ipv4_addr . inet_service . ipv4_addr . inet_service : verdict\n    counter', flows.map(legElement))}
  chain media {
    # It comes again by the card of its VLAN.
    ether type 8021q accept
    # RTP and SRTP only: RTCP, STUN and DTLS (RFC 7983) are for the socket, and so is what is in pieces, or bears no checksum that
    # could be corrected.
    @th,64,2 2 @th,72,8 != 192-223 ip frag-off & 0x3fff 0 ip length <= ${longestBytes} udp checksum != 0 ip saddr . udp sport . ip daddr . udp dport vmap @leg
    update @strangers { ip saddr . udp dport limit rate over ${strangerRate}/second burst ${strangerRate} packets } drop
    limit rate over ${learning.perSecond}/second burst ${learning.burst} packets drop
  }
  chain arrival {
    type filter hook ingress devices = { ${devices} } priority 0; policy accept;
    udp dport ${first}-${last} goto media
  }
}
`;
}

/** Everything through the process, whose packets are marked for good service. For `nft -f`. */
export function noMediaTable({ first, last }: PortRange): string {
  return `${['netdev', 'ip'].map((family) => `table ${family} ${tableName}\ndelete table ${family} ${tableName}\n`).join('')}table ip ${tableName} {
  chain departure {
    type filter hook output priority mangle; policy accept;
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

/**
 * One line, one transaction: what was there for `before` goes, `after` takes its place. `chains` are there already, or have come by an
 * earlier line.
 */
export function changeFlows(
  before: readonly Flow[],
  after: readonly RoutedFlow[],
  chains: ReadonlySet<string>,
): string {
  const ways = new Map(after.map((flow) => [chainOf(flow), chainRules(flow)]));
  const fresh = Array.from(ways).filter(([name]) => !chains.has(name));
  const maps = ['leg', ...Object.keys(byPort)];
  return [
    ...fresh.flatMap(([name, rules]) => [
      `add chain netdev ${tableName} ${name}`,
      ...rules.map((rule) => `add rule netdev ${tableName} ${name} ${rule}`),
    ]),
    ...maps.flatMap((map) =>
      change('delete', map, map === 'leg' ? before.map(keyOf) : before.map(({ at }) => String(at.port))),
    ),
    ...portMaps.flatMap(([map, { of }]) => change('add', map, after.map(portElement(of)))),
    ...change('add', 'leg', after.map(legElement)),
  ].join('; ');
}

/** Prints what {@link parseCounts} reads, of these alone. */
export function askCounts(flows: readonly Flow[]): string {
  return `get element netdev ${tableName} leg { ${flows.map(keyOf).join(', ')} }`;
}

/** From a printed map `leg`: by our port. */
export function parseCounts(printed: string): Map<number, FlowCount> {
  const counts = printed.matchAll(/\. (\d+) counter packets (\d+) bytes (\d+) :/g);
  return new Map(
    Array.from(counts, ([, port, packets, bytes]) => [
      Number(port),
      { packets: Number(packets), bytes: Number(bytes) },
    ]),
  );
}

/** From the printed table: the flows that are in it. One that isn't whole is left out. */
export function parseFlows(printed: string): Flow[] {
  const maps = new Map(
    Array.from(printed.matchAll(/map (\w+) \{([^}]*(?:\{[^}]*\})?)/g), ([, name = '', body = '']) => [
      name,
      body,
    ]),
  );
  const value = (name: keyof typeof byPort, port: string) =>
    new RegExp(`\\b${port} : ([\\d.]+)`).exec(maps.get(name) ?? '')?.[1];
  const legs = (maps.get('leg') ?? '').matchAll(
    /([\d.]+) \. (\d+) \. ([\d.]+) \. (\d+) counter packets \d+ bytes \d+ : goto way_([0-9a-f]+)/g,
  );
  return Array.from(legs).flatMap(([, from = '', fromPort, at = '', atPort = '', by = '']) => {
    const [to, toPort] = [value('to_address', atPort), value('to_port', atPort)];
    const byPort = value('our_port', atPort);
    if (to === undefined || toPort === undefined || byPort === undefined) return [];
    return {
      from: { address: from, port: Number(fromPort) },
      at: { address: at, port: Number(atPort) },
      by: { address: Buffer.from(by, 'hex').toString(), port: Number(byPort) },
      to: { address: to, port: Number(toPort) },
    };
  });
}

function change(verb: 'add' | 'delete', map: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${verb} element netdev ${tableName} ${map} { ${items.join(', ')} }`];
}

function keyOf({ from, at }: Flow): string {
  return `${from.address} . ${from.port} . ${at.address} . ${at.port}`;
}

function legElement(flow: RoutedFlow): string {
  return `${keyOf(flow)} : goto ${chainOf(flow)}`;
}

function portElement(of: (flow: Flow) => string | number): (flow: Flow) => string {
  return (flow) => `${flow.at.port} : ${of(flow)}`;
}
