import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReceivedStream } from '../../../appliance/rtp/received-stream.ts';

const pcmu = { payloadType: 0, name: 'PCMU', clockRate: 8000 };

function header(sequence: number, more: { ssrc?: number; timestamp?: number; payloadType?: number } = {}) {
  const bytes = new DataView(new ArrayBuffer(12));
  bytes.setUint8(0, 0x80);
  bytes.setUint8(1, more.payloadType ?? 0);
  bytes.setUint16(2, sequence & 0xff_ff);
  bytes.setUint32(4, more.timestamp ?? sequence * 160);
  bytes.setUint32(8, more.ssrc ?? 1);
  return new Uint8Array(bytes.buffer);
}

function stream(): ReceivedStream {
  const made = new ReceivedStream();
  made.setCodecs([pcmu, { payloadType: 101, name: 'TELEPHONE-EVENT', clockRate: 8000 }]);
  return made;
}

const hear = (into: ReceivedStream, sequences: readonly number[]) => {
  for (const sequence of sequences) into.note(header(sequence), sequence * 20);
};
const lost = ({ counts }: ReceivedStream) => counts.expected - counts.received;

it.each<[string, number[], { expected: number; lost: number }]>([
  ['nothing lost', [1, 2, 3, 4], { expected: 4, lost: 0 }],
  ['two of five lost', [1, 3, 5], { expected: 5, lost: 2 }],
  ['packets that overtake each other', [1, 3, 2, 4], { expected: 4, lost: 0 }],
  ['one that comes twice', [1, 2, 2, 4], { expected: 4, lost: 0 }],
  ['the numbers beginning anew', [65_534, 65_535, 65_536, 65_538], { expected: 5, lost: 1 }],
  ['a single wild number', [1, 2, 20_000, 3, 4], { expected: 4, lost: 0 }],
  ['a sender that jumps and goes on from there', [1, 2, 20_000, 20_001, 20_002], { expected: 4, lost: 0 }],
])('%s', (_title, sequences, { expected, lost: missing }) => {
  const heard = stream();
  hear(heard, sequences);
  expect(heard.counts.expected).toBe(expected);
  expect(lost(heard)).toBe(missing);
});

it('a sender with another SSRC begins anew, and what was lost before still counts', () => {
  const heard = stream();
  hear(heard, [1, 3]);
  for (const sequence of [9000, 9001]) heard.note(header(sequence, { ssrc: 2 }), 0);
  expect(heard.counts).toMatchObject({ expected: 5, received: 4 });
  expect(heard).toMatchObject({ ssrc: 2, expectedOfSender: 2, lostOfSender: 0 });
});

it('jitter is that of RFC 3550: a packet 16 ms late adds a sixteenth of it, and as much when it is made good', () => {
  const heard = stream();
  heard.note(header(1), 0);
  heard.note(header(2), 20);
  expect(heard.counts.jitterMs).toBe(0);
  heard.note(header(3), 56);
  expect(heard.counts.jitterMs).toBeCloseTo(1);
  heard.note(header(4), 60);
  expect(heard.counts.jitterMs).toBeCloseTo(1.9375);
  expect(heard.counts.meanJitterMs).toBeCloseTo((0 + 1 + 1.9375) / 3);
  expect(heard.codec).toEqual(pcmu);
});

it('keys pressed and time stamps that wrap are no jitter', () => {
  const heard = stream();
  heard.note(header(1, { timestamp: 0xff_ff_ff_60 }), 0);
  heard.note(header(2, { timestamp: 0 }), 20);
  heard.note(header(3, { timestamp: 0, payloadType: 101 }), 40);
  heard.note(header(4, { timestamp: 0, payloadType: 101 }), 60);
  heard.note(header(5, { timestamp: 480 }), 80);
  expect(heard.counts.jitterMs).toBe(0);
  expect(lost(heard)).toBe(0);
});

const isTenth = (sequence: number) => sequence % 10 === 3;

/** A second at a time is carried by the kernel, and counted 60 ms after a sample of it was taken. */
function carry(heard: ReceivedStream, seconds: number, isLost: (sequence: number) => boolean): void {
  let sequence = 2;
  for (let second = 1; second <= seconds; second += 1) {
    let packets = 0;
    for (; sequence * 20 < second * 1000; sequence += 1) {
      if (isLost(sequence)) continue;
      packets += 1;
      if (sequence * 20 === second * 1000 - 60) heard.sample(header(sequence), sequence * 20);
    }
    heard.count(packets, second * 1000);
  }
}

it.each<[string, { seconds: number; isLost: (sequence: number) => boolean; missing: number }]>([
  ['nothing', { seconds: 60, isLost: () => false, missing: 0 }],
  ['every tenth packet', { seconds: 60, isLost: isTenth, missing: 300 }],
  ['every tenth packet of an hour', { seconds: 3600, isLost: isTenth, missing: 18_000 }],
])(
  '%s is lost of what the kernel carried: samples and counts say so',
  (_title, { seconds, isLost, missing }) => {
    const heard = stream();
    hear(heard, [0, 1]);
    carry(heard, seconds, isLost);
    expect(Math.abs(lost(heard) - missing)).toBeLessThan(3);
    expect(heard.counts.expected).toBeCloseTo(seconds * 50, -1);
    expect(heard.counts.jitterMs).toBe(0);
  },
);

it('jitter of what the kernel carries is that between neighbours among the samples', () => {
  const heard = stream();
  for (const [sequence, lateMs] of [
    [128, 0],
    [129, 12],
    [256, 500],
    [257, 508],
    [384, 3],
    [385, 3],
  ] as const)
    heard.sample(header(sequence), sequence * 20 + lateMs);
  expect(heard.counts.jitterMs).toBeCloseTo((12 + 8 + 0) / 3);
});

it('a sender that the kernel relays from its first packet on has lost nothing when it is seen', () => {
  const heard = stream();
  heard.sample(header(7000), 0);
  heard.count(50, 1000);
  expect(heard.counts).toMatchObject({ expected: 50, received: 50 });
});

it('without samples nothing is said to be lost of what the kernel carried', () => {
  const heard = stream();
  hear(heard, [1, 3]);
  heard.count(500, 10_000);
  expect(heard.counts).toMatchObject({ expected: 503, received: 502 });
  for (const sequence of [40_000, 40_002]) heard.note(header(sequence), 0);
  expect(heard.counts).toMatchObject({ expected: 506, received: 504 });
  expect(heard.lostOfSender).toBe(2);
});

it('nothing that comes in makes it throw, and it never counts what it did not get', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (packets) => {
      const heard = stream();
      for (const packet of packets) heard.note(packet, 0);
      expect(heard.counts.received).toBeLessThanOrEqual(packets.length);
    }),
  );
});

it('a clock that is set in the middle is no jitter', () => {
  const heard = stream();
  for (const sequence of [1, 2, 3]) heard.note(header(sequence), sequence * 20);
  for (const sequence of [4, 5, 6]) heard.note(header(sequence), 3_600_000 + sequence * 20);
  for (const sequence of [7, 8]) heard.note(header(sequence), sequence * 20);
  expect(heard.counts).toMatchObject({ jitterMs: 0, meanJitterMs: 0 });
});
