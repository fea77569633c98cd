import { expect, it } from 'vitest';
import type { Remote } from '../../../appliance/protocol/media-control.ts';
import { firstMark } from '../../../appliance/protocol/media-mark.ts';
import { isSameFlow, kernelFlows } from '../../../appliance/rtp/kernel-flows.ts';
import {
  changeFlows,
  mediaTable,
  nextMark,
  parseCounts,
  parseFlows,
  parseTotals,
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
  const read = sessionOf(rowOf(session, ours), 99);
  expect(read.ours).toEqual(ours);
  expect(read.session).toMatchObject({ id: 'call.0', expectsMedia: true, lastMediaAt: 99 });
  expect(kernelFlows(read.session, read.ours)).toEqual(kernelFlows(session, ours));
});

const flow = {
  mark: firstMark + 5,
  from: { address: '10.66.0.101', port: 4444 },
  at: ours.phone,
  by: ours.cloud,
  to: { address: '203.0.113.50', port: 6000 },
};

it('rules change in one line, what goes before what comes', () => {
  const moved = { ...flow, mark: firstMark + 6 };
  const statements = changeFlows([flow], [moved]).split('; ');
  expect(statements).toHaveLength(10);
  expect(statements.slice(0, 5).every((statement) => statement.startsWith('delete element'))).toBe(true);
  expect(statements.at(-1)).toBe(
    `add element ip gatehouse_media leg { 10.66.0.101 . 4444 . 10.66.0.1 . 20000 : ${firstMark + 6} }`,
  );
  expect(changeFlows([], [])).toBe('');
});

it('the table takes the place of what was there, with the flows that go on', () => {
  const text = mediaTable({ first: 20_000, last: 29_999 }, [flow]);
  expect(text).toContain('delete table ip gatehouse_media\ntable ip gatehouse_media {');
  expect(text).toContain(`elements = { ${firstMark + 5} : 203.0.113.50 }`);
  expect(mediaTable({ first: 20_000, last: 29_999 }, [])).not.toContain('elements');
});

/** As nft 1.0.6 prints it. */
const printed = `table ip gatehouse_media {
	counter arrived {
		packets 1007 bytes 60
	}
	counter departed {
		packets 1006 bytes 60
	}
	map leg {
		type ipv4_addr . inet_service . ipv4_addr . inet_service : mark
		counter
		elements = { 10.66.0.101 . 4444 . 10.66.0.1 . 20000 counter packets 7 bytes 1400 : 0x47000005,
			     10.66.0.102 . 4 . 10.66.0.1 . 20004 counter packets 1000 bytes 1 : 0x47000009 }
	}
	map to_address {
		type mark : ipv4_addr
		elements = { 0x47000005 : 203.0.113.50 }
	}
	map to_port {
		type mark : inet_service
		elements = { 0x47000005 : 6000, 0x47000009 : 1 }
	}
	map our_address {
		type mark : ipv4_addr
		elements = { 0x47000005 : 192.0.2.2 }
	}
	map our_port {
		type mark : inet_service
		elements = { 0x47000005 : 20002 }
	}
}
`;

it('flows, counts and totals are read from what nft prints; a flow that is not whole is left out', () => {
  const flows = parseFlows(printed);
  expect(flows).toEqual([flow]);
  expect(flows.every((found) => isSameFlow(found, flow))).toBe(true);
  expect(parseCounts(printed)).toEqual(
    new Map([
      [firstMark + 5, { packets: 7, bytes: 1400 }],
      [firstMark + 9, { packets: 1000, bytes: 1 }],
    ]),
  );
  expect(parseTotals(printed)).toEqual({ arrived: 1007, departed: 1006 });
  expect([parseFlows(''), parseCounts('').size]).toEqual([[], 0]);
});

it('marks stay within their bits', () => {
  expect(nextMark(firstMark)).toBe(firstMark + 1);
  expect(nextMark(firstMark + 2 ** 24 - 1)).toBe(firstMark);
});
