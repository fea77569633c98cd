/** CDP both directions, truncated, mutated; its peculiar checksum against captured messages of both lengths. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { cdpProtocol, decodeCdp, encodeCdp, type CdpMessage } from '../../../appliance/protocol/cdp.ts';
import { decodeEthernet } from '../../../appliance/protocol/ethernet.ts';
import { captureNames, framesOf } from '../../support/lldp-captures.ts';

const rows: [title: string, message: CdpMessage, hex: string][] = [
  ['nothing but a life time', { version: 2, ttlSeconds: 180 }, '02b4fd4b'],
  [
    'an odd length whose last byte counts as negative, as tshark agrees',
    { version: 2, ttlSeconds: 1, deviceId: 'aé' },
    '0201 9c8a 0001 0007 61c3a9',
  ],
  [
    'a phone with address, port and voice capability',
    {
      version: 2,
      ttlSeconds: 180,
      deviceId: 'SEP001B54945A8B',
      addresses: ['198.51.100.12'],
      portId: 'Port 1',
      capabilities: 0x490,
      isFullDuplex: true,
    },
    `02b4 d3d4 0001 0013 534550303031423534393435413842 0002 0011 00000001 01 01 cc 0004 c633640c
     0003 000a 506f72742031 0004 0008 00000490 000b 0005 01`,
  ],
  [
    'a switch with names, native VLAN and management address',
    {
      version: 1,
      ttlSeconds: 20,
      deviceId: 'sw',
      softwareVersion: 'IOS',
      platform: 'C3560',
      nativeVlanId: 7,
      systemName: 'sw1',
      managementAddresses: ['192.0.2.1', '192.0.2.2'],
    },
    `0114 0a27 0001 0006 7377 0005 0007 494f53 0006 0009 4333353630 000a 0006 0007 0014 0007 737731
     0016 001a 00000002 01 01 cc 0004 c0000201 01 01 cc 0004 c0000202`,
  ],
];

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('both directions', () => {
  it.each(rows)('%s', (_title, message, hex) => {
    const wanted = hex.replaceAll(/\s/g, '');
    expect(hexOf(encodeCdp(message))).toBe(wanted);
    expect(decodeCdp(Buffer.from(wanted, 'hex'))).toEqual(message);
  });
});

const captured = captureNames
  .flatMap(framesOf)
  .map((frame) => decoded(() => decodeEthernet(frame)))
  .filter((frame) => frame?.protocol === cdpProtocol)
  .map((frame) => frame?.payload ?? new Uint8Array(0));

it('the checksum of captured messages of even and odd length is right', () => {
  expect(new Set(captured.map(({ length }) => length % 2)).size).toBe(2);
  for (const message of captured) expect(decodeCdp(message).version).toBeGreaterThan(0);
});

it('a message with one bit turned is refused by its checksum', () => {
  const message = Uint8Array.from(captured[0] ?? []);
  message[8] = (message[8] ?? 0) ^ 1;
  expect(() => decodeCdp(message)).toThrow(/checksum/);
});

it('every truncation is refused with DecodeError', () => {
  const [message = new Uint8Array(0)] = captured;
  for (let length = 0; length < message.length; length += 1) {
    expect(() => decodeCdp(message.slice(0, length))).toThrow(DecodeError);
  }
});

it('whatever stands behind a good checksum is read or refused with DecodeError', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 200 }), (version, content) => {
      const bytes = Uint8Array.from([version, 20, 0, 0, ...content]);
      // The right sum is in the complaint: what is wrong after that is the content alone.
      const sum = /not (\d+)/.exec(complaint(() => decodeCdp(bytes)))?.[1];
      bytes.set([Number(sum) >> 8, Number(sum) & 255], 2);
      read += decoded(() => decodeCdp(bytes)) === undefined ? 0 : 1;
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(0);
});

it('whatever is written is read again as it was', () => {
  const word = fc.stringMatching(/^[!-~]*$/, { maxLength: 60 });
  const address = fc.ipV4();
  const message = fc.record(
    {
      version: fc.constantFrom(1, 2),
      ttlSeconds: fc.nat(255),
      deviceId: word,
      portId: word,
      softwareVersion: word,
      platform: word,
      systemName: word,
      capabilities: fc.nat(0xff_ff_ff_ff),
      nativeVlanId: fc.nat(4095),
      isFullDuplex: fc.boolean(),
      addresses: fc.array(address, { maxLength: 16 }),
      managementAddresses: fc.array(address, { maxLength: 16 }),
    },
    { requiredKeys: ['version', 'ttlSeconds'] },
  );
  fc.assert(
    fc.property(message, (each) => {
      expect(decodeCdp(encodeCdp(each))).toEqual(each);
    }),
  );
});

it('a list that claims four thousand million addresses costs no more than its bytes', () => {
  const message = encodeCdp({ version: 2, ttlSeconds: 1, addresses: ['192.0.2.1'] });
  const claimed = hexOf(message).replace('00000001', 'ffffffff');
  expect(() => decodeCdp(Buffer.from(claimed, 'hex'))).toThrow(DecodeError);
});

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function complaint(decode: () => unknown): string {
  try {
    decode();
    return '';
  } catch (error) {
    return String(error);
  }
}
