import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeRtcp } from '../../../appliance/protocol/rtcp.ts';
import { decodeRtp, encodeRtp, packetKind, type RtpPacket } from '../../../appliance/protocol/rtp.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const none = { padding: false, marker: false, contributors: [] };

const rows: [string, RtpPacket, string][] = [
  [
    'a G.711 packet',
    {
      ...none,
      marker: true,
      payloadType: 0,
      sequence: 4660,
      timestamp: 160,
      ssrc: 0xde_ad_be_ef,
      payload: bytes('ff7f'),
    },
    '80 80 1234 000000a0 deadbeef ff7f',
  ],
  [
    'a mixed packet names its contributors',
    { ...none, payloadType: 8, sequence: 1, timestamp: 2, ssrc: 3, contributors: [4, 5], payload: bytes('') },
    '82 08 0001 00000002 00000003 00000004 00000005',
  ],
  [
    'a header extension is kept apart from the payload',
    {
      ...none,
      padding: true,
      payloadType: 101,
      sequence: 9,
      timestamp: 10,
      ssrc: 11,
      extension: { profile: 0xbe_de, data: bytes('10ff0000') },
      payload: bytes('0102'),
    },
    'b0 65 0009 0000000a 0000000b bede 0001 10ff0000 0102',
  ],
];

it.each(rows)('%s is read and written', (_title, packet, hex) => {
  expect(decodeRtp(bytes(hex))).toEqual(packet);
  expect(Buffer.from(encodeRtp(packet)).toString('hex')).toBe(hex.replaceAll(' ', ''));
});

it('a cut packet is refused at every length of its header', () => {
  for (const [, packet, hex] of rows) {
    const whole = bytes(hex);
    for (let length = 0; length < whole.length - packet.payload.length; length += 1) {
      expect(() => decodeRtp(whole.subarray(0, length))).toThrow(DecodeError);
    }
  }
});

it('what was written is read again', () => {
  const packet = fc.record({
    padding: fc.boolean(),
    marker: fc.boolean(),
    payloadType: fc.nat(127),
    sequence: fc.nat(65_535),
    timestamp: fc.nat(0xff_ff_ff_ff),
    ssrc: fc.nat(0xff_ff_ff_ff),
    contributors: fc.array(fc.nat(0xff_ff_ff_ff), { maxLength: 15 }),
    payload: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(packet, (entry) => {
      expect(decodeRtp(encodeRtp(entry))).toEqual({ ...entry, payload: new Uint8Array(entry.payload) });
    }),
  );
});

it.each([
  ['RTP', '80 00 1234 000000a0 deadbeef', 'rtp'],
  ['RTP with marker and a dynamic type', '80 e5 1234 000000a0 deadbeef', 'rtp'],
  ['RTP that is too short', '80 00 1234', 'other'],
  ['RTP whose contributors are missing', '8f 00 1234 000000a0 deadbeef', 'other'],
  ['a sender report', '80 c8 0006 deadbeef', 'rtcp'],
  ['a goodbye', '81 cb 0001 deadbeef', 'rtcp'],
  ['STUN', '0001 0000 2112a442 000102030405060708090a0b', 'stun'],
  ['DTLS', '16 fefd 0000', 'dtls'],
  ['a keep-alive of two bytes', '0d0a', 'other'],
  ['version 1', '40 00 1234 000000a0 deadbeef', 'other'],
  ['nothing', '', 'other'],
])('%s is told apart by its first bytes', (_title, hex, kind) => {
  expect(packetKind(bytes(hex))).toBe(kind);
});

const reads = (input: Uint8Array) => isReadOrRefused(() => decodeRtcp(input));

/** A sender report about one stream, and a goodbye behind it: one compound. */
const compound =
  '81c8000c 00000001 e9a1b2c3 80000000 00000320 00000064 00003e80 00000002 40fffffe 0001000a 00000010 b2c38000 00010000 81cb0001 00000001';

it('a compound of reports is read packet by packet', () => {
  expect(decodeRtcp(bytes(compound))).toEqual([
    {
      type: 'sender-report',
      ssrc: 1,
      sender: {
        ntpSeconds: 0xe9_a1_b2_c3,
        ntpFraction: 0x80_00_00_00,
        rtpTimestamp: 800,
        packets: 100,
        octets: 16_000,
      },
      blocks: [
        {
          ssrc: 2,
          fractionLost: 64,
          cumulativeLost: -2,
          highestSequence: 65_546,
          jitter: 16,
          lastSenderReport: 0xb2_c3_80_00,
          delaySinceLastSenderReport: 65_536,
        },
      ],
    },
    { type: 'bye', sources: [1] },
  ]);
});

it('a cut or changed compound is read or refused, never anything else', () => {
  const whole = bytes(compound);
  for (let length = 0; length < whole.length; length += 1)
    expect(reads(whole.subarray(0, length))).toBe(true);
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => reads(whole.with(at, value))));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), reads));
});
