import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeRtcp, isCompound, middleOfNtp } from '../../../appliance/protocol/rtcp.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

/** Sender report with one block, source description, BYE and voice metrics. */
const compound = bytes(`
  81c8000c 11111111 e5a1b2c3d4e5f607 00000640 00000064 00003e80
           22222222 40fffffe 00010005 00000028 b2c3d4e5 00018000
  81ca0004 11111111 0106 6140622e6363 0000 0000
  81cb0001 11111111
  80cf000a 11111111 07000008 22222222 10200000 0000 0000 002a 0096 7f7f1000 5d5d2a2b 00000000 00000000`);

it('a compound of all kinds is read', () => {
  const packets = decodeRtcp(compound);
  expect(isCompound(packets)).toBe(true);
  expect(packets).toEqual([
    {
      type: 'sender-report',
      ssrc: 0x11_11_11_11,
      sender: {
        ntpSeconds: 0xe5_a1_b2_c3,
        ntpFraction: 0xd4_e5_f6_07,
        rtpTimestamp: 1600,
        packets: 100,
        octets: 16_000,
      },
      blocks: [
        {
          ssrc: 0x22_22_22_22,
          fractionLost: 64,
          cumulativeLost: -2,
          highestSequence: 65_541,
          jitter: 40,
          lastSenderReport: 0xb2_c3_d4_e5,
          delaySinceLastSenderReport: 98_304,
        },
      ],
    },
    { type: 'source-description', sources: [{ ssrc: 0x11_11_11_11, cname: 'a@b.cc' }] },
    { type: 'bye', sources: [0x11_11_11_11] },
    {
      type: 'extended-report',
      ssrc: 0x11_11_11_11,
      voice: [{ ssrc: 0x22_22_22_22, discardRate: 32, endSystemDelay: 150 }],
    },
  ]);
});

it('the name of a sender report in later reports is the middle of its time', () => {
  const [report] = decodeRtcp(compound);
  expect(report?.type === 'sender-report' && middleOfNtp(report.sender)).toBe(0xb2_c3_d4_e5);
});

it('a compound that does not begin with a report is told from one that does', () => {
  expect(isCompound(decodeRtcp(bytes('80cb0000')))).toBe(false);
});

it('padding is taken off the last packet and refused inside', () => {
  expect(decodeRtcp(bytes('a0c90002 00000001 00000004'))).toEqual([
    { type: 'receiver-report', ssrc: 1, blocks: [] },
  ]);
  expect(() => decodeRtcp(bytes('a0c90002 00000001 00000004 80cb0000'))).toThrow(/padding inside/);
  for (const last of ['00', '03', '0c']) {
    expect(() => decodeRtcp(bytes(`a0c90002 00000001 000000${last}`))).toThrow(/padding of/);
  }
});

it('blocks of an extended report that are not known are passed over', () => {
  const report = bytes('80cf0004 00000001 01000001 00000000 04000000');
  expect(decodeRtcp(report)).toEqual([{ type: 'extended-report', ssrc: 1, voice: [] }]);
});

it('what is cut is read or refused at every length, and mutations too', () => {
  for (let length = 0; length < compound.length; length += 1) {
    expect(isReadOrRefused(() => decodeRtcp(compound.subarray(0, length)))).toBe(true);
  }
  expect(() => decodeRtcp(compound.subarray(0, 51))).toThrow(DecodeError);
  for (const bad of mutations(compound, 500, 202)) expect(isReadOrRefused(() => decodeRtcp(bad))).toBe(true);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => isReadOrRefused(() => decodeRtcp(input))),
  );
});
