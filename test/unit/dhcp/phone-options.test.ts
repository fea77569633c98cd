import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { phoneOptions } from '../../../appliance/dhcp/phone-options.ts';
import type { PhoneKind, Vendor } from '../../../appliance/phones/vendors.ts';
import { formatOption } from '../../../appliance/protocol/dhcp-options.ts';

const winter = Date.parse('2026-01-15T12:00:00Z');
const config = (site: string, rest = '') => parseConfig(`[site]\naddress = "10.66.0.1"\n${site}\n${rest}`);

function told(vendor: Vendor, kind: PhoneKind, settings = config('')) {
  const options = phoneOptions({ vendor, kind }, settings, winter);
  return Object.fromEntries([...options].map(([code, value]) => [code, formatOption(code, value)]));
}

test.each([
  ['yealink', 'phone', 66, 'http://10.66.0.1'],
  ['yealink', 'dect', 66, 'http://10.66.0.1'],
  ['ale', 'phone', 66, 'http://10.66.0.1'],
  ['snom', 'phone', 66, 'http://10.66.0.1'],
  ['cisco', 'phone', 160, 'http://10.66.0.1/$PSN.xml'],
  ['poly', 'phone', 160, 'http://10.66.0.1'],
  ['audiocodes', 'phone', 160, 'http://10.66.0.1'],
  ['audiocodes', 'ata', 160, 'http://10.66.0.1/mac.ini'],
  ['cisco', 'ata', 160, 'http://10.66.0.1/mac.cfg'],
  ['poly', 'ata', 160, 'http://10.66.0.1/$mac.cfg'],
] as const)('a %s %s gets the box as its URL in option %i: %s', (...[vendor, kind, code, url]) => {
  expect(told(vendor, kind)).toEqual({ [code]: url, 42: '10.66.0.1', 2: '0' });
});

test('a phone for which Microsoft names no option gets time only', () => {
  expect(told('gigaset', 'dect')).toEqual({ 42: '10.66.0.1', 2: '0' });
});

test('in posture "assist" the URL is the region\'s own', () => {
  const settings = config('posture = "assist"\nregion = "noam"\nlanguage = "de"');
  expect(told('yealink', 'phone', settings)[66]).toBe('http://noam.ipp.sdg.teams.microsoft.com/lang_de');
  expect(told('cisco', 'phone', settings)[160]).toBe(
    'http://noam.ipp.sdg.teams.microsoft.com/lang_de/$PSN.xml',
  );
});

test("tenant, language and another port are in the box's URL", () => {
  const settings = config(
    'tenant_id = "0a1b2c3d-1111-2222-3333-444455556666"\nlanguage = "ja"',
    '[provisioning]\nhttp_port = 8081',
  );
  expect(told('cisco', 'phone', settings)[160]).toBe(
    'http://10.66.0.1:8081/tenantid/0a1b2c3d-1111-2222-3333-444455556666/lang_ja/$PSN.xml',
  );
});

test('time servers of the settings are named instead of the box (G-17)', () => {
  expect(told('poly', 'phone', config('', '[dhcp]\nntp_servers = ["10.66.0.7", "10.66.0.8"]'))[42]).toBe(
    '10.66.0.7,10.66.0.8',
  );
});

test.each([
  ['America/New_York', '-18000'],
  ['Asia/Kathmandu', '20700'],
  ['Europe/London', '0'],
])('option 2 in %s is %s (G-18)', (timeZone, offset) => {
  expect(told('yealink', 'phone', config(`time_zone = "${timeZone}"`))[2]).toBe(offset);
});
