/** The pcap files that the box writes, byte for byte; what Wireshark makes of them is in service/sip/ladder.test.ts. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseIpv6 } from '../../../appliance/protocol/ipv6.ts';
import { encodePcapFile } from '../../../appliance/protocol/pcap-file.ts';
import { encodeUdpPacket, mostUdpPayload } from '../../../appliance/protocol/udp-packet.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unspaced = (text: string) => text.replaceAll(' ', '');
const payload = Buffer.from('SIP');

it('a file has its header and a record a packet, with microseconds', () => {
  const file = encodePcapFile([{ atMicroseconds: 1_700_000_000_123_456, bytes: Uint8Array.of(0x45, 0) }]);
  expect(hex(file)).toBe(
    unspaced('a1b2c3d40002000400000000000000000001002700000065 6553f1000001e2400000000200000002 4500'),
  );
});

it('a file without packets is a file all the same', () => {
  expect(encodePcapFile([])).toHaveLength(24);
});

it('a datagram over IPv4 has both checksums', () => {
  const [source, destination] = [
    { address: '10.66.0.23', port: 5061 },
    { address: '10.66.0.1', port: 5060 },
  ];
  expect(hex(encodeUdpPacket({ source, destination, payload }))).toBe(
    unspaced('4500001f00000000401166330a4200170a420001 13c513c4000b206a 534950'),
  );
});

it('a datagram over IPv6 has its checksum', () => {
  const [source, destination] = [
    { address: '2001:db8::1', port: 1 },
    { address: '2001:db8::2', port: 2 },
  ];
  expect(hex(encodeUdpPacket({ source, destination, payload }))).toBe(
    unspaced(
      '60000000000b114020010db800000000000000000000000120010db8000000000000000000000002 00010002000b0117 534950',
    ),
  );
});

it('an IPv4 address in the form of IPv6 counts as IPv4', () => {
  const ends = { destination: { address: '10.0.0.2', port: 2 }, payload };
  const plain = encodeUdpPacket({ source: { address: '10.0.0.1', port: 1 }, ...ends });
  expect(encodeUdpPacket({ source: { address: '::ffff:10.0.0.1', port: 1 }, ...ends })).toEqual(plain);
});

it.each([
  ['two versions', '10.0.0.1', '::1'],
  ['no address', 'example.com', '10.0.0.1'],
])('ends of %s are refused', (_what, from, to) => {
  const packet = { source: { address: from, port: 1 }, destination: { address: to, port: 2 }, payload };
  expect(() => encodeUdpPacket(packet)).toThrow(TypeError);
});

it('the largest datagram is written, and one byte more refused', () => {
  const end = { address: '10.0.0.1', port: 1 };
  const packet = (bytes: number) => ({ source: end, destination: end, payload: new Uint8Array(bytes) });
  expect(encodeUdpPacket(packet(mostUdpPayload))).toHaveLength(65_535);
  expect(() => encodeUdpPacket(packet(mostUdpPayload + 1))).toThrow(TypeError);
});

it('checksums add up to nothing wrong for whatever is sent', () => {
  const end = fc.record({ address: fc.ipV4(), port: fc.nat(65_535) });
  fc.assert(
    fc.property(end, end, fc.uint8Array({ maxLength: 64 }), (source, destination, bytes) => {
      const packet = encodeUdpPacket({ source, destination, payload: bytes });
      expect(onesSum(packet.subarray(0, 20))).toBe(0xff_ff);
      const pseudo = [...packet.subarray(12, 20), 0, 17, ...packet.subarray(24, 26)];
      expect(onesSum([...pseudo, ...packet.subarray(20)])).toBe(0xff_ff);
    }),
  );
});

function onesSum(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 1) sum += (bytes[at] ?? 0) << (at % 2 === 0 ? 8 : 0);
  while (sum > 0xff_ff) sum = (sum & 0xff_ff) + (sum >> 16);
  return sum;
}

it.each([
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::a:b', '20010db80000000000000000000a000b'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
])('%s is an IPv6 address', (text, bytes) => {
  expect(hex(parseIpv6(text) ?? new Uint8Array())).toBe(bytes);
});

it.each(['', ':', '1', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '12345::', 'g::', '::1.2.3.400'])(
  '"%s" is no IPv6 address',
  (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  },
);
