import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  isFresh,
  markSeen,
  newReplayWindow,
  packetIndex,
  rtpHeaderBytes,
} from '../../../appliance/protocol/srtp.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

it.each<[string, { sequence: number; highest: number; index: number }]>([
  ['the first packet', { sequence: 4660, highest: -1, index: 4660 }],
  ['the next packet', { sequence: 11, highest: 10, index: 11 }],
  ['one that was overtaken', { sequence: 9, highest: 10, index: 9 }],
  ['the first after the wrap', { sequence: 0, highest: 65_535, index: 65_536 }],
  ['one across the wrap with packets lost on both sides', { sequence: 20, highest: 65_500, index: 65_556 }],
  ['one from before the wrap that was overtaken', { sequence: 65_530, highest: 65_540, index: 65_530 }],
  ['one from before the beginning', { sequence: 65_530, highest: 3, index: -6 }],
  ['as far ahead as can be told', { sequence: 42_768, highest: 10_000, index: 42_768 }],
  ['one further, taken for late', { sequence: 42_769, highest: 10_000, index: -22_767 }],
  ['the third time round', { sequence: 5, highest: 2 * 65_536 + 65_530, index: 3 * 65_536 + 5 }],
])('the index of %s', (_title, { sequence, highest, index }) => {
  expect(packetIndex(sequence, highest)).toBe(index);
});

it('an index is never further from the highest than half the sequence numbers, and ends with them', () => {
  fc.assert(
    fc.property(fc.nat(65_535), fc.nat(2 ** 40), (sequence, highest) => {
      const index = packetIndex(sequence, highest);
      expect(Math.abs(index - highest)).toBeLessThanOrEqual(32_768);
      expect(((index % 65_536) + 65_536) % 65_536).toBe(sequence);
    }),
  );
});

it('an index is good once, and not when 128 newer ones were there', () => {
  const window = newReplayWindow();
  for (const index of [0, 3, 2]) {
    expect(isFresh(window, index)).toBe(true);
    markSeen(window, index);
    expect(isFresh(window, index)).toBe(false);
  }
  expect(isFresh(window, 1)).toBe(true);
  markSeen(window, 128);
  expect([0, 1, 3, 4].map((index) => isFresh(window, index))).toEqual([false, true, false, true]);
  markSeen(window, 1000);
  expect([872, 873].map((index) => isFresh(window, index))).toEqual([false, true]);
  expect(isFresh(window, -1)).toBe(false);
});

it.each<[string, string, number | undefined]>([
  ['twelve bytes', '80000001 00000000 00000000 aa', 12],
  ['two contributors', '82000001 00000000 00000000 00000001 00000002', 20],
  ['an extension of one word', '90000001 00000000 00000000 bede0001 00000000 aa', 20],
  ['an extension that is longer than the packet', '90000001 00000000 00000000 bede0009 00000000', undefined],
  ['an extension that is cut', '90000001 00000000 00000000 be', undefined],
  ['less than its contributors', '8f000001 00000000 00000000', undefined],
  ['another version', '40000001 00000000 00000000', undefined],
  ['nothing', '', undefined],
])('the header of a packet with %s', (_title, hex, length) => {
  expect(rtpHeaderBytes(bytes(hex))).toBe(length);
});
