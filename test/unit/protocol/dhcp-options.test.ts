import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  decodeOptions,
  encodeOptions,
  formatOption,
  type DhcpOptions,
} from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';

/** Option as object, code, value as hex, as people read it. */
const rows: [DhcpOptions, number, string, string][] = [
  [{ subnetMask: parseIpv4('255.255.255.0') }, 1, 'ffffff00', '255.255.255.0'],
  [{ timeOffset: 0 }, 2, '00000000', '0'],
  [{ timeOffset: -18_000 }, 2, 'ffffb9b0', '-18000'],
  [{ timeOffset: 20_700 }, 2, '000050dc', '20700'],
  [{ routers: [parseIpv4('10.66.0.1')] }, 3, '0a420001', '10.66.0.1'],
  [
    { dnsServers: [parseIpv4('10.66.0.1'), parseIpv4('192.0.2.53')] },
    6,
    '0a420001c0000235',
    '10.66.0.1,192.0.2.53',
  ],
  [{ hostName: 'SEP00562B' }, 12, '534550303035363242', 'SEP00562B'],
  [{ ntpServers: [parseIpv4('10.66.0.1')] }, 42, '0a420001', '10.66.0.1'],
  [{ interfaceMtu: 1500 }, 26, '05dc', '1500'],
  [{ pathMtuPlateaus: [576, 1500] }, 25, '024005dc', '576,1500'],
  [{ ipForwarding: false }, 19, '00', 'false'],
  [{ broadcastAddress: parseIpv4('10.66.0.255') }, 28, '0a4200ff', '10.66.0.255'],
  [
    { staticRoutes: [[parseIpv4('192.0.2.9'), parseIpv4('10.66.0.1')]] },
    33,
    'c00002090a420001',
    'c00002090a420001',
  ],
  [{ leaseTime: 4_294_967_295 }, 51, 'ffffffff', '4294967295'],
  [{ messageType: 8 }, 53, '08', '8'],
  [{ maxMessageSize: 576 }, 57, '0240', '576'],
  [{ tftpServerName: 'http://10.66.0.1' }, 66, '687474703a2f2f31302e36362e302e31', 'http://10.66.0.1'],
  [
    { posixTimeZone: 'EST5EDT,M3.2.0,M11.1.0' },
    100,
    '455354354544542c4d332e322e302c4d31312e312e30',
    'EST5EDT,M3.2.0,M11.1.0',
  ],
  [{ timeZoneName: 'Europe/Berlin' }, 101, '4575726f70652f4265726c696e', 'Europe/Berlin'],
  [{ vlanDiscovery: 'VLAN-A=10;' }, 128, '564c414e2d413d31303b', 'VLAN-A=10;'],
  [{ vlanId: '10' }, 132, '3130', '10'],
  [
    { domainSearch: ['corp.example', 'example'] },
    119,
    '04636f7270076578616d706c6500076578616d706c6500',
    'corp.example,example',
  ],
  [
    {
      classlessRoutes: [
        { network: 0, prefix: 0, router: parseIpv4('10.66.0.1') },
        { network: parseIpv4('10.229.0.128'), prefix: 25, router: parseIpv4('10.66.0.2') },
        { network: parseIpv4('10.17.0.0'), prefix: 16, router: 0 },
      ],
    },
    121,
    '000a420001190ae500800a420002100a1100000000',
    '0.0.0.0/0 10.66.0.1,10.229.0.128/25 10.66.0.2,10.17.0.0/16 0.0.0.0',
  ],
  [
    { vendorIdentifyingClass: [{ enterprise: 13_885, classes: [Buffer.from('Trio')] }] },
    124,
    '0000363d05045472696f',
    '0000363d05045472696f',
  ],
  [
    {
      vendorIdentifyingOptions: [
        { enterprise: 9, options: new Map([[255, Buffer.from('a')]]) },
        { enterprise: 13_885, options: new Map() },
      ],
    },
    125,
    '0000000903ff01610000363d00',
    '0000000903ff01610000363d00',
  ],
  [{ provisioningUrl: 'http://a/$PSN.xml' }, 160, '687474703a2f2f612f2450534e2e786d6c', 'http://a/$PSN.xml'],
];

test.each(rows)('%o is option %i with the value %s', (...[options, code, hex, text]) => {
  const raw = encodeOptions(options);
  expect([...raw].map(([key, value]) => [key, Buffer.from(value).toString('hex')])).toEqual([[code, hex]]);
  expect(plain(decodeOptions(new Map([[code, Buffer.from(hex, 'hex')]])))).toEqual(plain(options));
  expect(formatOption(code, Buffer.from(hex, 'hex'))).toBe(text);
});

describe('values that break their type', () => {
  test.each([
    [1, 'ffffff'],
    [2, '00'],
    [3, ''],
    [6, '0a4200'],
    [51, '0000'],
    [53, ''],
    [53, '0101'],
    [57, '05'],
    [19, '02'],
    [25, '0240ff'],
    [33, 'c0000209'],
    [33, ''],
    [119, ''],
    [119, '0461'],
    [119, '40'],
    [119, 'c000'],
    [119, '0161c002'],
    [119, '0161c0'],
    [121, ''],
    [121, '210a4200010a420001'],
    [121, '190ae50080'],
    [124, '0000363d0504547269'],
    [124, '0000363d03045472'],
    [125, '000000'],
    [125, ''],
    [125, '0000000903ff0261'],
  ])('option %i with the value "%s" is a DecodeError', (code, hex) => {
    expect(() => decodeOptions(new Map([[code, Buffer.from(hex, 'hex')]]))).toThrow(DecodeError);
  });

  test('a number that does not fit is refused by the encoder', () => {
    expect(() => encodeOptions({ messageType: 256 })).toThrow(RangeError);
    expect(() => encodeOptions({ timeOffset: 2 ** 31 })).toThrow(RangeError);
    expect(() => encodeOptions({ leaseTime: -1 })).toThrow(RangeError);
    expect(() => encodeOptions({ classlessRoutes: [{ network: 0, prefix: 33, router: 0 }] })).toThrow(
      RangeError,
    );
    for (const name of ['', 'a..b', 'x'.repeat(64), 'abcdefg.'.repeat(32).slice(0, -1)]) {
      expect(() => encodeOptions({ domainSearch: [name] })).toThrow(RangeError);
    }
    expect(() =>
      encodeOptions({ vendorIdentifyingClass: [{ enterprise: 9, classes: [new Uint8Array(256)] }] }),
    ).toThrow(RangeError);
  });
});

test('text ends before the NULs that some phones send, and bytes that are no UTF-8 survive', () => {
  expect(decodeOptions(new Map([[12, Buffer.from('7068f86e650000', 'hex')]]))).toEqual({
    hostName: 'ph\u00f8ne',
  });
});

test('text is read in time that grows with its length', () => {
  // With its square it would be minutes, and the test's own limit ends it.
  const value = Buffer.concat([Buffer.alloc(600_000), Buffer.from('x')]);
  expect(decodeOptions(new Map([[12, value]])).hostName?.length).toBe(600_001);
});

test('a search list may be compressed, and a name of pointers in a ring ends (RFC 3397)', () => {
  // "eng.apple.com", "marketing" + pointer to "apple.com" at byte 4.
  const hex = '03656e67056170706c6503636f6d00096d61726b6574696e67c004';
  expect(decodeOptions(new Map([[119, Buffer.from(hex, 'hex')]]))).toEqual({
    domainSearch: ['eng.apple.com', 'marketing.apple.com'],
  });
  const ring = `${'01610262'.repeat(3)}c000`;
  expect(() => decodeOptions(new Map([[119, Buffer.from(ring, 'hex')]]))).toThrow(DecodeError);
});

test('host bits that a sender left in a route are dropped (RFC 3442)', () => {
  expect(decodeOptions(new Map([[121, Buffer.from('190ae500ff0a420002', 'hex')]]))).toEqual({
    classlessRoutes: [{ network: parseIpv4('10.229.0.128'), prefix: 25, router: parseIpv4('10.66.0.2') }],
  });
});

test('every value that was encoded comes back, whatever its shape', () => {
  const address = fc.nat(0xff_ff_ff_ff);
  const bytes = fc.uint8Array({ maxLength: 40 });
  const route = fc
    .record({ network: address, prefix: fc.nat(32), router: address })
    .map((one) => ({ ...one, network: one.network - (one.network % 2 ** (32 - one.prefix)) }));
  const vendorOptions = fc
    .uniqueArray(fc.tuple(fc.nat(255), bytes), { selector: ([code]) => code, maxLength: 5 })
    .map((entries) => new Map(entries));
  const options = fc.record({
    classlessRoutes: fc.array(route, { minLength: 1, maxLength: 9 }),
    domainSearch: fc.array(fc.domain(), { minLength: 1, maxLength: 4 }),
    staticRoutes: fc.array(fc.tuple(address, address), { minLength: 1, maxLength: 9 }),
    vendorIdentifyingClass: fc.array(
      fc.record({ enterprise: address, classes: fc.array(bytes, { maxLength: 5 }) }),
      { minLength: 1, maxLength: 3 },
    ),
    vendorIdentifyingOptions: fc.array(fc.record({ enterprise: address, options: vendorOptions }), {
      minLength: 1,
      maxLength: 3,
    }),
  });
  fc.assert(
    fc.property(options, (named) => {
      expect(plain(decodeOptions(encodeOptions(named)))).toEqual(plain(named));
    }),
  );
});

test('any bytes in any option are a value or a DecodeError', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 300 }), (code, bytes) => {
      expect(['value', 'DecodeError']).toContain(decoded(code, bytes));
    }),
    { numRuns: 3000 },
  );
});

/** What decoding comes to; anything but these two is thrown on. */
function decoded(code: number, bytes: Uint8Array): 'value' | 'DecodeError' {
  try {
    decodeOptions(new Map([[code, bytes]]));
    return 'value';
  } catch (error) {
    if (error instanceof DecodeError) return 'DecodeError';
    throw error;
  }
}

/** Buffers and arrays of bytes alike. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return Array.from(value, ([key, one]) => [key, plain(one)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

test('unknown options are skipped and shown as hex', () => {
  expect(decodeOptions(new Map([[250, Uint8Array.of(1, 2)]]))).toEqual({});
  expect(formatOption(250, Uint8Array.of(1, 255))).toBe('01ff');
});
