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
  [{ leaseTime: 4_294_967_295 }, 51, 'ffffffff', '4294967295'],
  [{ messageType: 8 }, 53, '08', '8'],
  [{ maxMessageSize: 576 }, 57, '0240', '576'],
  [{ tftpServerName: 'http://10.66.0.1' }, 66, '687474703a2f2f31302e36362e302e31', 'http://10.66.0.1'],
  [{ provisioningUrl: 'http://a/$PSN.xml' }, 160, '687474703a2f2f612f2450534e2e786d6c', 'http://a/$PSN.xml'],
];

test.each(rows)('%o is option %i with the value %s', (...[options, code, hex, text]) => {
  const raw = encodeOptions(options);
  expect([...raw].map(([key, value]) => [key, Buffer.from(value).toString('hex')])).toEqual([[code, hex]]);
  expect(decodeOptions(new Map([[code, Buffer.from(hex, 'hex')]]))).toEqual(options);
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
  ])('option %i with the value "%s" is a DecodeError', (code, hex) => {
    expect(() => decodeOptions(new Map([[code, Buffer.from(hex, 'hex')]]))).toThrow(DecodeError);
  });

  test('a number that does not fit is refused by the encoder', () => {
    expect(() => encodeOptions({ messageType: 256 })).toThrow(RangeError);
    expect(() => encodeOptions({ timeOffset: 2 ** 31 })).toThrow(RangeError);
    expect(() => encodeOptions({ leaseTime: -1 })).toThrow(RangeError);
  });
});

test('text ends before the NULs that some phones send, and bytes that are no UTF-8 survive', () => {
  expect(decodeOptions(new Map([[12, Buffer.from('7068f86e650000', 'hex')]]))).toEqual({
    hostName: 'ph\u00f8ne',
  });
});

test('unknown options are skipped and shown as hex', () => {
  expect(decodeOptions(new Map([[250, Uint8Array.of(1, 2)]]))).toEqual({});
  expect(formatOption(250, Uint8Array.of(1, 255))).toBe('01ff');
});
