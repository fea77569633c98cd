import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareFirmware,
  orderFirmware,
  readFirmware,
  type FirmwareVersion,
} from '../../../appliance/phones/firmware.ts';
import { vendors, type Vendor } from '../../../appliance/phones/vendors.ts';

const older: readonly [Vendor, string, string][] = [
  ['yealink', '66.85.0.5', '66.86.0.15'],
  ['yealink', '66.82.9.9', '83'],
  ['yealink', '34.72.0.75', '83'],
  ['cisco', '11.3.5MPP', '12-0-3MPP'],
  ['cisco', '11.1.1MPP', '11.1.2'],
  ['cisco', '11.0', '11.1.1MPP'],
  ['cisco', '12.0(3)', '12-0-4MPP0101-70'],
  ['cisco', 'MPP-11-1-0-MSR4', '11.2.2MPP'],
  ['cisco', 'MPP-11-1-0-MSR4', 'MPP-11-1-0-MSR5'],
  ['cisco', 'MPP-11-1-0', 'MPP-11-1-0-MSR4'],
  ['cisco', '11.2.2MPP', '11-2-2MPP0101-013'],
  ['cisco', '11-2-2MPP0101-013', '11-2-2MPP0101-014'],
  ['cisco', 'sip88xx.11-3-1MPP-667.loads', '11.3.5MPP'],
  ['cisco', '3.2.9', 'PhoneOS 3.3.1'],
  ['poly', '5.9.5', '5.9.5.3182'],
  ['poly', '5.9.7.3480', '6.4.6.2640'],
  ['poly', '5.9.7.3480', '5.10.0.1'],
  ['audiocodes', '2.2.8', '2.2.16.681'],
  ['audiocodes', '3.2.1', '3.4.8.808'],
  ['audiocodes', '6.60A.367.001', '6.60A.367.005'],
  ['audiocodes', '6.60A.367.005', '7.26A.356.075'],
  ['ale', '2.11.01.1604', '2.14.03.000.2345'],
  ['snom', '10.1.100.1', '10.1.141.13'],
  ['gigaset', '83.V2.11.0+build.a546b91', '2.52.0'],
  ['spectralink', 'PCS22A', 'PCS22Ab'],
  ['spectralink', 'PCS22Ab', 'PCS22B'],
  ['spectralink', 'PCS22D', 'PCS23Ca'],
  ['spectralink', 'PCS16D', 'PCS16E_'],
  ['ascom', 'R3N', 'R4B'],
  ['ascom', '11.8.8', '11.9.11'],
  ['algo', '5.3', '5.3.4'],
  ['2n', '2.45.9', '2.46.1'],
];

test.each(older)('%s: %s is older than %s', (vendor, a, b) => {
  expect(compareFirmware(vendor, a, b)).toBe(-1);
  expect(compareFirmware(vendor, b, a)).toBe(1);
});

const same: readonly [Vendor, string, string][] = [
  ['yealink', '66.83.0.0', '83'],
  ['cisco', '12-0-3MPP', '12.0.3'],
  ['cisco', '12.0(3)', '12-0-3MPP'],
  ['cisco', '11.2.2MPP', 'MPP-11-2-2'],
  ['cisco', 'PhoneOS 3.3.1', '3.3.1'],
  ['spectralink', 'PCS16E_', 'PCS16E'],
  ['gigaset', '83.V2.52.0+build.1', '2.52.0'],
  ['ale', '2.14.3.0.2345', '2.14.03.000.2345'],
];

test.each(same)('%s: %s is %s', (vendor, a, b) => {
  expect(compareFirmware(vendor, a, b)).toBe(0);
});

const apart: readonly [what: string, vendor: Vendor, versions: readonly [string, string]][] = [
  ['generic SIP and Skype lines', 'audiocodes', ['2.2.16.681', '3.2.1']],
  ['a phone and a gateway', 'audiocodes', ['3.2.1', '6.60A.367.001']],
  ['two hardware families', 'yealink', ['66.86.5.1', '96.86.5.1']],
  ['MPP and PhoneOS', 'cisco', ['12-0-3MPP', 'PhoneOS 3.3.1']],
  ['enterprise and MPP', 'cisco', ['12-5-1SR1-4', '12-0-3MPP']],
  ['versions and revisions', 'ascom', ['11.8.8', 'R3N']],
  ['what is no version', 'poly', ['5.9.5', 'latest']],
];

test.each(apart)('%s do not compare', (_, vendor, [a, b]) => {
  expect(compareFirmware(vendor, a, b)).toBeUndefined();
});

const alphabet = '0123456789..--ABMPSRVabe_+() '.split('');
const likeVersions = fc.oneof(
  fc.constantFrom(...older.flatMap(([, a, b]) => [a, b])),
  fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

test('no text makes any comparator throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(...vendors), likeVersions, likeVersions, (vendor, a, b) => {
      expect([-1, 0, 1, undefined]).toContain(compareFirmware(vendor, a, b));
    }),
  );
});

test('a long text costs no time and is no version', () => {
  for (const vendor of vendors) expect(readFirmware(vendor, '1.'.repeat(1_000_000))).toBeUndefined();
});

const version: fc.Arbitrary<FirmwareVersion> = fc.record({
  line: fc.constant('one'),
  parts: fc.array(fc.oneof(fc.nat(3), fc.constantFrom('A', 'B', 'b')), { maxLength: 4 }),
});

test('inside a line the order is total: antisymmetric and transitive', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const [ab, ba, bc, ac] = [
        orderFirmware(a, b),
        orderFirmware(b, a),
        orderFirmware(b, c),
        orderFirmware(a, c),
      ];
      expect(ab).toBe(ba === undefined ? undefined : 0 - ba + 0);
      expect(ab !== 1 && bc !== 1 && ac === 1).toBe(false);
    }),
  );
});
