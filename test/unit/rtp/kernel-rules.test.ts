import { expect, it } from 'vitest';
import type { Remote } from '../../../appliance/protocol/media-control.ts';
import { isSameFlow, kernelFlows } from '../../../appliance/rtp/kernel-flows.ts';
import { parseRoutes, wayTo } from '../../../appliance/net/routes.ts';
import {
  askCounts,
  changeFlows,
  mediaTable,
  noMediaTable,
  parseCounts,
  parseFlows,
  parseRefused,
  wayName,
} from '../../../appliance/rtp/kernel-rules.ts';
import { newSession, onPacket, setRemote, type Session } from '../../../appliance/rtp/session.ts';
import { rowOf, sessionOf } from '../../../appliance/rtp/stored-session.ts';

const ours = {
  phone: { address: '10.66.0.1', port: 20_000 },
  cloud: { address: '192.0.2.2', port: 20_002 },
};
const phone: Remote = { address: '10.66.0.101', port: 4000, rtcpPort: 4001, allow: ['10.66.0.101'] };
const cloud: Remote = { address: '203.0.113.50', port: 6000, rtcpPort: 6001, allow: ['203.0.113.50'] };
const rtp = new Uint8Array(Buffer.from('80001234000000a0deadbeef0000', 'hex'));

function talking(): Session {
  const session = newSession('call.0', 0);
  setRemote(session, 'phone', phone);
  setRemote(session, 'cloud', cloud);
  return session;
}

function hear(session: Session, leg: 'phone' | 'cloud', port: number): void {
  const address = leg === 'phone' ? phone.address : cloud.address;
  onPacket(session, { leg, component: 'rtp', from: { address, port }, packet: rtp }, 1);
}

it('a stream is for the kernel once both sides were heard, each direction to where the other speaks from', () => {
  const session = talking();
  hear(session, 'phone', 4444);
  expect(kernelFlows(session, ours)).toBeUndefined();
  hear(session, 'cloud', 6000);
  const [fromPhone, fromCloud] = [
    { address: '10.66.0.101', port: 4444 },
    { address: '203.0.113.50', port: 6000 },
  ];
  expect(kernelFlows(session, ours)).toEqual([
    { from: fromPhone, at: ours.phone, by: ours.cloud, to: fromCloud },
    { from: fromCloud, at: ours.cloud, by: ours.phone, to: fromPhone },
  ]);
});

it.each<[string, Partial<Remote>]>([
  ['it wants no media any more', { port: 0 }],
  ['it has another place now', { port: 4002 }],
  ['it speaks T.38', { isUdptl: true, port: 4002 }],
])('a stream comes back to the process when %s', (_why, change) => {
  const session = talking();
  hear(session, 'phone', 4000);
  hear(session, 'cloud', 6000);
  const before = session.revision;
  setRemote(session, 'phone', { ...phone, ...change });
  expect(session.revision).toBeGreaterThan(before);
  expect(kernelFlows(session, ours)).toBeUndefined();
});

it('what goes on to the box itself stays with the process', () => {
  const session = talking();
  setRemote(session, 'cloud', { address: '192.0.2.2', port: 20_006, rtcpPort: 20_007, allow: ['192.0.2.2'] });
  hear(session, 'phone', 4000);
  const from = { address: '192.0.2.2', port: 20_006 };
  expect(onPacket(session, { leg: 'cloud', component: 'rtp', from, packet: rtp }, 1)).toBeDefined();
  expect(kernelFlows(session, ours)).toBeUndefined();
});

it('a session that is stored and read again is the same to the kernel', () => {
  const session = talking();
  hear(session, 'phone', 4444);
  hear(session, 'cloud', 6000);
  session.expectsMedia = true;
  const read = sessionOf(rowOf(session, ours, []), 99);
  expect(read.ours).toEqual(ours);
  expect(read.session).toMatchObject({ id: 'call.0', expectsMedia: true, lastMediaAt: 99 });
  expect(kernelFlows(read.session, read.ours)).toEqual(kernelFlows(session, ours));
});

it('one with keys of the box is stored so that who knows nothing of keys finds nobody to relay to', () => {
  const session = talking();
  hear(session, 'phone', 4444);
  hear(session, 'cloud', 6000);
  const row = rowOf(session, ours, ['phone']);
  const read = sessionOf(row, 99);
  expect(read.bridged).toEqual(['phone']);
  expect(kernelFlows(read.session, read.ours)).toEqual(kernelFlows(session, ours));
  const former = sessionOf({ ...row, far_ends: row.far_ends.replace('"bridged"', '"unknown"') }, 99);
  expect(
    onPacket(
      former.session,
      { leg: 'phone', component: 'rtp', from: { address: phone.address, port: 4444 }, packet: rtp },
      100,
    ),
  ).toBeUndefined();
  expect(kernelFlows(former.session, ours)).toBeUndefined();
});

const flow = {
  from: { address: '10.66.0.101', port: 4444 },
  at: ours.phone,
  by: ours.cloud,
  to: { address: '203.0.113.50', port: 6000 },
  way: { card: 'wan', gateway: '192.0.2.1' },
};
const range = { first: 20_000, last: 29_999 };

it('rules change in one line, what goes before what comes, and a way that nobody took yet before all', () => {
  const moved = { ...flow, from: { ...flow.from, port: 4446 } };
  const name = wayName(flow);
  expect(name).toMatch(/^way(_[0-9a-f]+){3}$/);
  const statements = changeFlows([flow], [moved], new Set()).split(/; (?=add|delete)/);
  expect(statements.map((statement) => statement.split(' ').slice(0, 2).join(' '))).toEqual([
    'add map',
    'add chain',
    ...Array.from({ length: 3 }, () => 'add rule'),
    ...Array.from({ length: 3 }, () => 'delete element'),
    ...Array.from({ length: 3 }, () => 'add element'),
  ]);
  expect(statements[3]).toContain('ip saddr set 192.0.2.2 ip dscp set ef fwd ip to 192.0.2.1 device "wan"');
  expect(statements.at(-1)).toBe(
    `add element netdev gatehouse_media ${name} { 10.66.0.101 . 4446 . 10.66.0.1 . 20000 : 20002 }`,
  );
  expect(changeFlows([], [flow], new Set([name]))).not.toMatch(/add (map|chain|rule)/);
  expect(changeFlows([], [], new Set())).toBe('');
});

it('flows that leave by different ways are in maps of their own, and asked there', () => {
  const back = { ...flow, at: flow.by, by: flow.at, way: { card: 'lan', gateway: undefined } };
  const asked = askCounts([flow, back]).split('; ');
  expect(asked.map((line) => line.split(' ').slice(0, 5).join(' '))).toEqual(
    [flow, back].map((each) => `get element netdev gatehouse_media ${wayName(each)}`),
  );
  const [text, ways] = [mediaTable(range, ['lan', 'wan'], [flow, back]), [flow, back].map(wayName)];
  for (const way of ways)
    expect(text.match(new RegExp(`(map @|goto |map |chain )${way}\\b`, 'g'))).toHaveLength(4);
});

it('packets beyond what strangers may send are counted by what the table lists of them', () => {
  const printed = 'table netdev gatehouse_media {\n\tset refused {\n\t\ttype inet_proto\n\t\tcounter\n';
  expect(
    parseRefused(`${printed}\t\telements = { udp counter packets 94001 bytes 18800200 }\n\t}\n}\n`),
  ).toBe(94_001);
  expect(parseRefused('')).toBe(0);
  expect(mediaTable(range, ['lan'], []).match(/meta l4proto @refused drop/g)).toHaveLength(2);
});

it("who is on the card's own network is sent to directly", () => {
  const near = { ...flow, way: { card: 'lan', gateway: undefined } };
  expect(changeFlows([], [near], new Set())).toContain('fwd ip to ip daddr device "lan"');
});

it('the table takes the place of what was there, with the flows that go on', () => {
  const text = mediaTable(range, ['lan', 'wan'], [flow, { ...flow, at: { ...flow.at, port: 20_008 } }]);
  expect(text).toContain('delete table netdev gatehouse_media\n');
  expect(text).toContain('elements = { 20000 : 203.0.113.50, 20008 : 203.0.113.50 }');
  expect(text).toContain('devices = { "lan", "wan" }');
  expect(text.match(/chain way/g), 'one for both').toHaveLength(1);
  expect(mediaTable(range, ['lan'], [])).not.toMatch(/map .* elements/);
  expect(noMediaTable(range)).not.toContain('ingress');
});

/** As nft 1.0.6 prints it. */
const printed = `table netdev gatehouse_media {
	map to_address {
		type inet_service : ipv4_addr
		elements = { 20000 : 203.0.113.50 }
	}
	map to_port {
		type inet_service : inet_service
		elements = { 20000 : 6000, 20004 : 1 }
	}
	map ${wayName(flow)} {
		type ipv4_addr . inet_service . ipv4_addr . inet_service : inet_service
		counter
		elements = { 10.66.0.101 . 4444 . 10.66.0.1 . 20000 counter packets 7 bytes 1400 : 20002,
			     10.66.0.102 . 4 . 10.66.0.1 . 20004 counter packets 1000 bytes 1 : 20006 }
	}
}
`;

it('flows and counts are read from what nft prints; a flow that is not whole is left out', () => {
  const { way: _, ...unrouted } = flow;
  const flows = parseFlows(printed);
  expect(flows).toEqual([unrouted]);
  expect(flows.every((found) => isSameFlow(found, flow))).toBe(true);
  expect(parseCounts(printed)).toEqual(
    new Map([
      [20_000, { packets: 7, bytes: 1400 }],
      [20_004, { packets: 1000, bytes: 1 }],
    ]),
  );
  expect([parseFlows(''), parseCounts('').size]).toEqual([[], 0]);
});

const routes =
  parseRoutes(`Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wan	00000000	010200C0	0003	0	0	0	00000000	0	0	0
lte	00000000	016433C6	0003	0	0	50	00000000	0	0	0
lan	0000420A	00000000	0001	0	0	0	00FFFFFF	0	0	0
lan	0000140A	FE00420A	0003	0	0	0	0000FFFF	0	0	0
*	0000150A	00000000	0201	0	0	0	0000FFFF	0	0	0
wan	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
`);

it.each([
  ['the cloud', '203.0.113.50', { card: 'wan', gateway: '192.0.2.1' }],
  ['a phone', '10.66.0.101', { card: 'lan', gateway: undefined }],
  ['a phone of a network behind a router', '10.20.3.4', { card: 'lan', gateway: '10.66.0.254' }],
  ['the router itself', '192.0.2.1', { card: 'wan', gateway: undefined }],
])(
  'the way to %s is that of the longest prefix, and of several the one with the lowest metric',
  (_who, address, way) => {
    expect(wayTo(routes, address)).toEqual(way);
  },
);

it('without a route there is no way', () => {
  expect(wayTo(routes.slice(2), '203.0.113.50')).toBeUndefined();
});
