import { expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { phoneOptions } from '../../../appliance/dhcp/phone-options.ts';
import { vendors, type PhoneKind, type Vendor } from '../../../appliance/phones/vendors.ts';
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

const inSubOption = (text: string) =>
  Buffer.from(`B${String.fromCharCode(text.length)}${text}`).toString('hex');

test('an ALE phone gets it in option 66 and in sub-option 66 of option 43', () => {
  expect(told('ale', 'phone')).toEqual({
    66: 'http://10.66.0.1',
    43: inSubOption('http://10.66.0.1'),
    42: '10.66.0.1',
    2: '0',
  });
});

test.each([
  ['form = "host"', '', { 66: '10.66.0.1' }],
  ['form = "address"', '', { 66: '10.66.0.1' }],
  ['form = "host"', 'posture = "assist"\nlanguage = "de"', { 66: 'emea.ipp.sdg.teams.microsoft.com' }],
  ['options = [160, 66]', '', { 160: 'http://10.66.0.1', 66: 'http://10.66.0.1' }],
  ['options = [43]\nform = "host"', '', { 43: Buffer.from('10.66.0.1').toString('hex') }],
  ['options = []', '', {}],
])('the settings may say for a vendor: %s %s', (own, site, url) => {
  const settings = config(site, `[[dhcp.vendor]]\nvendor = "yealink"\n${own}`);
  expect(told('yealink', 'phone', settings)).toEqual({ ...url, 42: '10.66.0.1', 2: '0' });
  expect(told('snom', 'phone', settings)[66]).toMatch(/^http:/);
});

test('a voice VLAN is told only where the settings name one, to those whose option is known', () => {
  const settings = config('', '[dhcp]\nvoice_vlan = 20');
  expect(told('poly', 'phone', settings)[128]).toBe('VLAN-A=20;');
  expect(told('yealink', 'phone', settings)[132]).toBe('20');
  expect(Object.keys(told('cisco', 'phone', settings))).toEqual(['2', '42', '160']);
});

test('every vendor can be named in [[dhcp.vendor]]', () => {
  for (const vendor of vendors) {
    const settings = config('', `[[dhcp.vendor]]\nvendor = "${vendor}"\noptions = [66]`);
    expect(told(vendor, 'phone', settings)[66]).toMatch(/^http:/);
  }
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
  ['America/New_York', '-18000', 'ffffb9b0'],
  ['Asia/Kathmandu', '20700', '000050dc'],
  ['Europe/London', '0', '00000000'],
])('option 2 in %s is %s, as four bytes %s (G-18)', (timeZone, offset, bytes) => {
  const settings = config(`time_zone = "${timeZone}"`);
  expect(told('yealink', 'phone', settings)[2]).toBe(offset);
  const raw = phoneOptions({ vendor: 'yealink', kind: 'phone' }, settings, winter).get(2);
  expect(Buffer.from(raw ?? []).toString('hex')).toBe(bytes);
});
