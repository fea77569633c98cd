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
/** Its one element counts what is beyond either: to list a counter, or to get an element, nft reads all elements of all maps. */
const refusedSet = 'refused';
/** Longer ones may have to be sent on in pieces, which is for the process. */
const longestBytes = 1400;

/**
 * Maps of the table: what a packet gets, by our port that it came to. Each is read before that port is overwritten. The port that it
 * leaves by stands with the flow itself, in the map of its way.
 */
const byPort = {
  to_address: { type: 'ipv4_addr', of: ({ to }) => to.address, set: 'ip daddr' },
  to_port: { type: 'inet_service', of: ({ to }) => to.port, set: 'udp dport' },
} as const satisfies Record<string, { type: string; of: (flow: Flow) => string | number; set: string }>;

const portMaps = Object.entries(byPort);

/**
 * Name of a map and a chain for each address of ours by which packets leave, with card and gateway: there are few, and to the kernel
 * they are constants. It says what they are. A map to ports, and not to chains: at each new flow the kernel would look through all
 * flows for a loop.
 */
export function wayName({ by, way }: RoutedFlow): string {
  return ['way', by.address, way.card, ...(way.gateway === undefined ? [] : [way.gateway])]
    .map((part, at) => (at === 0 ? part : Buffer.from(part).toString('hex')))
    .join('_');
}

const wayMap = `type ipv4_addr . inet_service . ipv4_addr . inet_service : inet_service; counter; size ${maxFlows};`;

function wayRules({ by, way: { card, gateway } }: RoutedFlow): string[] {
  const rewrite = portMaps.map(([map, { set }]) => `${set} set udp dport map @${map}`);
  return [
    `@th,80,16 & ${samples.sequenceBits} == 0 jump sample`,
    `${rewrite.join(' ')} ip saddr set ${by.address} ip dscp set ef fwd ip to ${gateway ?? 'ip daddr'} device "${card}"`,
  ];
}

/** In the chain `known`; the ways are tried one after the other. */
function wayMatch(name: string): string {
  return `udp sport set ip saddr . udp sport . ip daddr . udp dport map @${name} goto ${name}`;
}

/** In place of whatever these tables were, in one step: packets of flows that stay are not held up. For `nft -f`. */
export function mediaTable(
  { first, last }: PortRange,
  cards: readonly string[],
  flows: readonly RoutedFlow[],
): string {
  const ways = byWay(flows);
  const mapsOfWays = Array.from(ways, ([name, through]) => mapText(name, wayMap, through.map(wayElement)));
  const chains = Array.from(ways, ([name, [flow]]) => chainText(name, wayRules(flow)));
  const devices = cards.map((card) => `"${card}"`).join(', ');
  return `${noMediaTable({ first, last })}table netdev ${tableName} {
${portMaps.map(([name, { type, of }]) => mapText(name, portMap(type), flows.map(portElement(of)))).join('\n')}
${mapsOfWays.join('\n')}
  set ${refusedSet} { type inet_proto; counter; elements = { udp }; }
  set strangers {
    type ipv4_addr . inet_service
    size 16384
    flags dynamic,timeout
    timeout 5s
  }
  chain sample {
    limit rate ${samples.perSecond}/second log group ${sampleGroup} snaplen 80 queue-threshold ${samples.aHeap}
  }
${chains.join('\n')}
${chainText('known', [...ways.keys()].map(wayMatch))}
  chain media {
    # IPv4 alone: what bears a VLAN's tag comes again by the card of its VLAN.
    @ll,96,16 != 0x0800 accept
    # RTP and SRTP only: RTCP, STUN and DTLS (RFC 7983) are for the socket, and so is what is in pieces or long, or bears no checksum
    # that could be corrected. By place and not by name, which costs less.
    @th,64,2 2 @th,72,8 != 192-223 @nh,50,14 0 @nh,16,16 <= ${longestBytes} @th,48,16 != 0 jump known
    update @strangers { ip saddr . udp dport limit rate over ${strangerRate}/second burst ${strangerRate} packets } meta l4proto @${refusedSet} drop
    limit rate over ${learning.perSecond}/second burst ${learning.burst} packets meta l4proto @${refusedSet} drop
  }
  chain arrival {
    type filter hook ingress devices = { ${devices} } priority 0; policy accept;
    udp dport ${first}-${last} goto media
  }
}
`;
}

/** As if we had never been there. For `nft -f`. */
export const noTable = ['netdev', 'ip']
  .map((family) => `table ${family} ${tableName}\ndelete table ${family} ${tableName}\n`)
  .join('');

/** Everything through the process, whose packets are marked for good service. For `nft -f`. */
export function noMediaTable({ first, last }: PortRange): string {
  return `${noTable}table ip ${tableName} {
  chain departure {
    type filter hook output priority mangle; policy accept;
    udp sport ${first}-${last} ip dscp set ef
  }
}
`;
}

function mapText(name: string, definition: string, elements: readonly string[]): string {
  const filled = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
  return `  map ${name} { ${definition}${filled} }`;
}

function portMap(type: string): string {
  return `type inet_service : ${type}; size ${maxFlows};`;
}

function chainText(name: string, rules: readonly string[]): string {
  return `  chain ${name} {\n    ${rules.join('\n    ')}\n  }`;
}

/**
 * One line, one transaction: what was there for `before` goes, `after` takes its place. `ways` are there already, or have come by an
 * earlier line.
 */
export function changeFlows(
  before: readonly RoutedFlow[],
  after: readonly RoutedFlow[],
  ways: ReadonlySet<string>,
): string {
  const [gone, fresh] = [byWay(before), byWay(after)];
  const table = `netdev ${tableName}`;
  const newWays = Array.from(fresh).filter(([name]) => !ways.has(name));
  return [
    ...newWays.flatMap(([name, [flow]]) => [
      `add map ${table} ${name} { ${wayMap} }`,
      `add chain ${table} ${name}`,
      ...wayRules(flow).map((rule) => `add rule ${table} ${name} ${rule}`),
      `add rule ${table} known ${wayMatch(name)}`,
    ]),
    ...Array.from(gone, ([name, flows]) => change('delete', name, flows.map(keyOf))),
    ...portMaps.map(([map]) =>
      change(
        'delete',
        map,
        before.map(({ at }) => String(at.port)),
      ),
    ),
    ...portMaps.map(([map, { of }]) => change('add', map, after.map(portElement(of)))),
    ...Array.from(fresh, ([name, flows]) => change('add', name, flows.map(wayElement))),
  ]
    .filter((statement) => statement !== '')
    .join('; ');
}

/** Prints what {@link parseCounts} reads, of these alone. */
export function askCounts(flows: readonly RoutedFlow[]): string {
  return Array.from(
    byWay(flows),
    ([name, through]) => `get element netdev ${tableName} ${name} { ${through.map(keyOf).join(', ')} }`,
  ).join('; ');
}

/** The same of all that went this way. */
export function askWayCounts(way: string): string {
  return `list map netdev ${tableName} ${way}`;
}

/** Prints what {@link parseRefused} reads. */
export const askRefused = `list set netdev ${tableName} ${refusedSet}`;

/** Packets of whoever no rule knows that were more than he may send. */
export function parseRefused(printed: string): number {
  return Number(/udp counter packets (\d+)/.exec(printed)?.[1] ?? 0);
}

/** From printed maps of ways: by our port. */
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
  return Array.from(maps).flatMap(([name, body]) => {
    const [, by] = /^way_([0-9a-f]+)_/.exec(name) ?? [];
    if (by === undefined) return [];
    const elements = body.matchAll(
      /([\d.]+) \. (\d+) \. ([\d.]+) \. (\d+) counter packets \d+ bytes \d+ : (\d+)/g,
    );
    return Array.from(elements).flatMap(([, from = '', fromPort, at = '', atPort = '', byPort]) => {
      const [to, toPort] = [value('to_address', atPort), value('to_port', atPort)];
      if (to === undefined || toPort === undefined) return [];
      return {
        from: { address: from, port: Number(fromPort) },
        at: { address: at, port: Number(atPort) },
        by: { address: Buffer.from(by, 'hex').toString(), port: Number(byPort) },
        to: { address: to, port: Number(toPort) },
      };
    });
  });
}

function change(verb: 'add' | 'delete', map: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `${verb} element netdev ${tableName} ${map} { ${items.join(', ')} }`;
}

function byWay(flows: readonly RoutedFlow[]): Map<string, [RoutedFlow, ...RoutedFlow[]]> {
  const ways = new Map<string, [RoutedFlow, ...RoutedFlow[]]>();
  for (const flow of flows) {
    const through = ways.get(wayName(flow));
    if (through === undefined) ways.set(wayName(flow), [flow]);
    else through.push(flow);
  }
  return ways;
}

function keyOf({ from, at }: Flow): string {
  return `${from.address} . ${from.port} . ${at.address} . ${at.port}`;
}

function wayElement(flow: RoutedFlow): string {
  return `${keyOf(flow)} : ${flow.by.port}`;
}

function portElement(of: (flow: Flow) => string | number): (flow: Flow) => string {
  return (flow) => `${flow.at.port} : ${of(flow)}`;
}
