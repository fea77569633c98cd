/** The pcap stream in chunks of every size, in both byte orders, and what is no pcap. */
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { PcapStream } from '../../../appliance/protocol/pcap.ts';
import { captureBytes, framesOf } from '../../support/lldp-captures.ts';

const capture = '10-malformed-and-edge.pcap';
const whole = captureBytes(capture);

it.each([1, 7, 16, 24, 25, 1000, 100_000])('chunks of %i bytes give the same packets', (size) => {
  const stream = new PcapStream();
  const packets = [];
  for (let at = 0; at < whole.length; at += size) packets.push(...stream.push(whole.subarray(at, at + size)));
  expect(packets.map(({ bytes }) => bytes)).toEqual(framesOf(capture));
  expect(new Date(packets[0]?.at ?? 0).toISOString()).toMatch(/T\d\d:13:20.000Z$/);
});

it('a packet is a copy: later chunks in the same buffer do not change it', () => {
  const buffer = Buffer.from(whole);
  const [packet] = new PcapStream().push(buffer);
  const before = Uint8Array.from(packet?.bytes ?? []);
  buffer.fill(0xff);
  expect(packet?.bytes).toEqual(before);
});

it('a big-endian capture with nanoseconds is read', () => {
  const header = 'a1b23c4d 0002 0004 00000000 00000000 00000640 00000001';
  const packet = '00000001 1dcd6500 00000002 00000002 abcd';
  const stream = new PcapStream();
  const packets = stream.push(Buffer.from((header + packet).replaceAll(' ', ''), 'hex'));
  expect(packets).toEqual([{ at: 1500, bytes: Uint8Array.of(0xab, 0xcd) }]);
});

it.each([
  ['text', Buffer.from('tcpdump: eth0: You do not have permission')],
  ['another link type', Buffer.from('d4c3b2a102000400000000000000000040060000710000000000', 'hex')],
  [
    'a record longer than any frame',
    Buffer.from('d4c3b2a102000400000000000000000040060000010000000000000000000000ffffffffffffffff', 'hex'),
  ],
])('%s is refused with DecodeError', (_title, bytes) => {
  expect(() => new PcapStream().push(bytes)).toThrow(DecodeError);
});
