import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeNflog } from '../../../appliance/protocol/nflog.ts';
import { mutations } from '../../support/hostile-bytes.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

/** As tcpdump 4.99 writes it of an RTP packet to port 7777 on kernel 6.18, `snaplen 48`. */
const logged = new Uint8Array(
  Buffer.from(
    `02000005 08000100 08000000 05000a00 00000000 08000400 00000001 10000800 00060000 00000000 00000000
     06000f00 03040000 06001100 000e0000 12001000 00000000 00000000 00000000 08000000
     14000300 00000000 6b079812 00000000 00013bd1
     34000900 450000c8 56cf4000 4011e553 7f000001 7f000001 aa631e61 00b4fec7 80000001 000000a0 00000007
     7878787878787878`.replaceAll(/\s/g, ''),
    'hex',
  ),
);

it('a logged packet is read: when it came, to which port, and how it begins', () => {
  const { at, destinationPort, payload } = decodeNflog(logged);
  expect(at).toBeCloseTo(0x6b_07_98_12 * 1000 + 80.849, 3);
  expect(destinationPort).toBe(7777);
  expect(Buffer.from(payload).toString('hex')).toBe('80000001000000a0000000077878787878787878');
});

it('what is cut or changed is read or refused, never more', () => {
  for (let length = 0; length < logged.length; length += 1) {
    expect(isReadOrRefused(() => decodeNflog(logged.subarray(0, length)))).toBe(true);
  }
  for (const bad of mutations(logged, 500, 239)) expect(isReadOrRefused(() => decodeNflog(bad))).toBe(true);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => isReadOrRefused(() => decodeNflog(input))),
  );
});

it.each<[string, number, number]>([
  ['another version', 1, 1],
  ['an attribute without length', 4, 0],
  ['TCP', logged.length - 48 + 9, 6],
  ['IPv6', logged.length - 48, 0x60],
])('%s is refused', (_title, at, value) => {
  const bad = Uint8Array.from(logged);
  bad[at] = value;
  expect(() => decodeNflog(bad)).toThrow(DecodeError);
});
