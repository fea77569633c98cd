import { expect, test } from 'vitest';
import { leaveOverlays, vendorOverlays } from '../../../appliance/provisioning/overlay.ts';
import { renderShipped, renderTemplate } from '../../../appliance/provisioning/render.ts';
import { rewriteBody } from '../../../appliance/provisioning/rewrite.ts';
import { readSettings, type Format } from '../../../appliance/provisioning/settings.ts';
import type { Vendor } from '../../../appliance/phones/vendors.ts';
import {
  clockValues,
  numbersForPhones,
  type TemplateValues,
} from '../../../appliance/provisioning/template-values.ts';
import { parseConfig } from '../../../appliance/config.ts';
import { readVendorFiles } from '../../../appliance/provisioning/vendor-files.ts';
import { noClock, overlayValues as values } from '../../support/template-values.ts';

const hostile = `"/><x a='1'>&\t`;

test.each([
  ['attributes', '<a b.c="{{ site_name }}"/>'],
  ['elements', '<a><b>{{ site_name }}</b></a>'],
  ['id-value', '<a><setting id="b" value="{{ site_name }}"/></a>'],
] as const)('%s: a value can not leave its place', (format: Format, template) => {
  const settings = readSettings(format, renderTemplate(format, template, { ...values, site_name: hostile }));
  expect(settings.map(({ value }) => value)).toEqual([hostile]);
});

test('a line can not be given a second line', () => {
  const template = 'account.1.label = {{ site_name }}\n';
  expect(renderTemplate('yealink', template, values)).toBe('account.1.label = office\n');
  expect(() =>
    renderTemplate('yealink', template, {
      ...values,
      site_name: 'x\nstatic.security.user_password = admin:1',
    }),
  ).toThrow(/line break/);
});

test.each([
  '{{ nothing }}',
  '{{ address | nofilter }}',
  "{% include 'vendors.json' %}",
  '{{ address.constructor.constructor }}',
  '{% for i in (1..100000000) %}x{% endfor %}',
])('a template that asks for %s is refused', (template) => {
  expect(() => renderTemplate('yealink', template, values)).toThrow(/undefined|limit|ENOENT|Failed/);
});

test('every shipped template renders to what its vendor reads', () => {
  const all: TemplateValues = {
    ...values,
    directory_url: 'https://10.0.0.1/',
    file_url: 'https://10.0.0.1/x.cfg',
    cloud_url: 'https://usea.dm.sdg.teams.microsoft.com/x.cfg',
    cloud_directory: 'https://usea.dm.sdg.teams.microsoft.com/',
    cloud_scheme: 'https',
  };
  for (const vendor of readVendorFiles().values()) {
    for (const text of vendor.templates.values()) {
      const rendered = renderTemplate(vendor.format, text, all);
      expect(readSettings(vendor.format, rendered).length).toBeGreaterThan(0);
      expect(rendered).not.toMatch(/\{\{|undefined/);
    }
  }
});

test('SIP is led through the box in posture full, and only when it listens for TLS', () => {
  const yealink = readVendorFiles().get('yealink');
  if (yealink === undefined) throw new Error('no yealink');
  const texts = (isFull: boolean, tlsPort: number) =>
    vendorOverlays(yealink, { ...values, tls_port: tlsPort }, { isFull })
      .map(({ text }) => text)
      .join('');
  expect(texts(true, 5061)).toContain('outbound_proxy_enable = 1');
  // A phone that was led before is not any more.
  expect(texts(false, 5061)).toContain('outbound_proxy_enable = 0');
  expect(texts(true, 0)).toContain('outbound_proxy_enable = 0');
});

test.each([
  ['address', { address: 'box.example' }],
  ['ntp_server', { ntp_server: 'time.example' }],
  ['tls_port', { tls_port: 70_000 }],
  ['model', { model: 'T46S" x="' }],
  ['ca_url', { ca_url: 'file:///etc/passwd' }],
])('a value that is no %s is not filled in', (name, wrong) => {
  expect(() => renderTemplate('yealink', 'a = {{ address }}\n', { ...values, ...wrong })).toThrow(name);
});

const wanted: readonly [Vendor, key: string, value: string][] = [
  ['yealink', 'static.network.lldp.enable', '1'],
  ['yealink', 'static.auto_provision.repeat.minutes', '60'],
  ['yealink', 'local_time.ntp_server1', '10.0.0.2'],
  ['yealink', 'static.syslog.server', '10.0.0.3'],
  ['yealink', 'dialplan.emergency.enable', '1'],
  ['yealink', 'dialplan.emergency.server.3.address', '10.0.0.1'],
  ['yealink', 'dialplan.emergency.server.3.port', '5061'],
  ['yealink', 'dialplan.emergency.server.3.transport_type', '2'],
  ['yealink', 'dialplan.emergency.1.value', '112'],
  ['yealink', 'dialplan.emergency.2.value', '110'],
  ['poly', 'device.net.lldpEnabled', '1'],
  ['poly', 'prov.polling.period', '3600'],
  ['poly', 'tcpIpApp.sntp.address', '10.0.0.2'],
  ['poly', 'device.syslog.serverName', '10.0.0.3'],
  ['cisco', 'Enable_LLDP-MED', 'Yes'],
  ['cisco', 'Resync_Periodic', '3600'],
  ['cisco', 'Primary_NTP_Server', '10.0.0.2'],
  ['cisco', 'Syslog_Server', '10.0.0.3'],
];

test.each(wanted)(
  '%s phones get %s = %s, and what the cloud says of it goes before',
  (...[name, key, value]) => {
    const vendor = readVendorFiles().get(name);
    if (vendor === undefined) throw new Error(name);
    const set = vendorOverlays(vendor, values, { isFull: true }).flatMap(({ text, keepsTheirs }) =>
      readSettings(vendor.format, text).map((setting) => ({ ...setting, keepsTheirs })),
    );
    expect(set.filter((setting) => setting.key === key)).toMatchObject([{ value, keepsTheirs: true }]);
  },
);

const clocks: readonly [Vendor, now: string, zone: string, settings: Record<string, string>][] = [
  ['yealink', '2026-01-15', 'Europe/Berlin', { 'local_time.time_zone': '+1', 'local_time.summer_time': '0' }],
  ['yealink', '2026-07-15', 'Europe/Berlin', { 'local_time.time_zone': '+2', 'local_time.summer_time': '0' }],
  [
    'yealink',
    '2026-07-15',
    'America/Phoenix',
    { 'local_time.time_zone': '-7', 'local_time.summer_time': '0' },
  ],
  ['yealink', '2026-07-15', 'Europe/London', { 'local_time.time_zone': '+1', 'local_time.summer_time': '0' }],
  // Half hours have no confirmed spelling, and Kiritimati is beyond the list.
  ['yealink', '2026-07-15', 'Asia/Kolkata', {}],
  ['yealink', '2026-07-15', 'Pacific/Kiritimati', {}],
  ['yealink', '2026-07-15', 'UTC', {}],
  [
    'poly',
    '2026-07-15',
    'America/St_Johns',
    {
      'tcpIpApp.sntp.gmtOffset': '-9000',
      'tcpIpApp.sntp.gmtOffset.overrideDHCP': '1',
      'tcpIpApp.sntp.daylightSavings.enable': '0',
    },
  ],
  ['poly', '2026-07-15', 'UTC', {}],
];

test.each(clocks)('%s phones on %s in %s get %j', (...[name, now, zone, settings]) => {
  const vendor = readVendorFiles().get(name);
  if (vendor === undefined) throw new Error(name);
  const filled = { ...values, ...clockValues(zone, Date.parse(now)) };
  const set = vendorOverlays(vendor, filled, { isFull: true })
    .flatMap(({ text }) => readSettings(vendor.format, text))
    .filter(({ key }) => /time_zone|summer_time|gmtOffset|daylight/.test(key));
  expect(Object.fromEntries(set.map(({ key, value }) => [key, value]))).toEqual(settings);
});

test('a cloud that says anything of the time zone says all of it, in leaving too', () => {
  const vendor = readVendorFiles().get('yealink');
  if (vendor === undefined) throw new Error('no yealink');
  const { format, isProvisioningUrl, danger } = vendor;
  const host = 'usea.dm.sdg.teams.microsoft.com';
  const upstream = { use: 'later', host, path: '/device/mmiiaacc/x/lang_en/x.cfg' } as const;
  const links = {
    hosts: { region: 'x', first: new Set<string>(), later: new Set([host]) },
    box: undefined,
    from: upstream,
  };
  const body = '#!version:1.0.0.1\nlocal_time.time_zone_name = Germany(Berlin)\n';
  for (const overlays of [
    vendorOverlays(vendor, values, { isFull: true }),
    leaveOverlays(vendor, values, { upstream }),
  ]) {
    const laid = (text: string) =>
      rewriteBody(text, { format, isProvisioningUrl, danger, links, overlays }).body;
    expect(laid('#!version:1.0.0.1\n')).toMatch(/^local_time\.summer_time = /m);
    expect(laid(body)).not.toMatch(/summer_time|time_zone =/);
  }
});

test('no key that sends a call elsewhere is given where it is not confirmed, nor where SIP passes the box by', () => {
  const isRoute = /emergency|alternate|backup|routing|proxy\.2/i;
  const routes = (isFull: boolean) =>
    [...readVendorFiles()].flatMap(([name, vendor]) =>
      vendorOverlays(vendor, values, { isFull })
        .flatMap(({ text }) => readSettings(vendor.format, text))
        .filter(({ key, value }) => isRoute.test(key) && !['%NULL%', ''].includes(value))
        .map(({ key }) => `${name} ${key.replace(/\.\d.*/, '')}`),
    );
  expect(routes(false)).toEqual([]);
  expect([...new Set(routes(true))]).toEqual([
    'yealink dialplan.emergency.enable',
    'yealink dialplan.emergency.server',
    'yealink dialplan.emergency',
  ]);
});

test.each([
  ['49', {}, ['112', '110', '911']],
  ['1', {}, ['911', '112']],
  ['', {}, ['112', '911']],
  ['49', { numbers: ['112', '+49110', '112'], more: ['19222'] }, ['112', '19222']],
])('phones in +%s with %j are told %j as what people dial for help', (...[country, given, told]) => {
  const { numbers = [], more = [] } = given as { numbers?: string[]; more?: string[] };
  const config = parseConfig(`[site]\naddress = "10.0.0.1"\n[dial_plan]\ncountry_code = "${country}"\n`);
  const emergency = { ...config.emergency, numbers, more_numbers: more };
  expect(numbersForPhones({ ...config, emergency })).toEqual(told);
});

test('a syslog or time server, or a time zone, that the settings do not name is not spoken of', () => {
  for (const vendor of readVendorFiles().values()) {
    const none = { ...values, ntp_server: '', syslog_server: '', ...noClock };
    const texts = vendorOverlays(vendor, none, { isFull: true }).map(({ text }) => text);
    expect(texts.join('')).not.toMatch(/syslog|ntp/i);
  }
});

test('of a key in two of our own pieces the later one counts', () => {
  const poly = readVendorFiles().get('poly');
  if (poly === undefined) throw new Error('no poly');
  const text = vendorOverlays(poly, values, { isFull: true })
    .map((overlay) => overlay.text)
    .join('');
  expect(text.match(/ device\.set="1"/g)).toHaveLength(1);
});

test('a template of ours follows each value that it names, whatever it was filled in with before', () => {
  const template = "{% unless model contains 'ATA' %}a = {{ address }}\n{% endunless %}b = {{ ca_base64 }}\n";
  const given = (changed: Partial<typeof values>) =>
    renderShipped('yealink', template, { ...values, ...changed });
  const pem = values.ca_pem.replace('QUJD', 'REVG');
  expect(given({})).toBe('a = 10.0.0.1\nb = QUJD\n');
  expect(given({ mac: '00:15:65:aa:bb:02', site_name: 'x' })).toBe('a = 10.0.0.1\nb = QUJD\n');
  expect(given({ model: 'ATA 192' })).toBe('b = QUJD\n');
  expect(given({ address: '10.0.0.9', ca_pem: pem })).toBe('a = 10.0.0.9\nb = REVG\n');
  expect(given({})).toBe('a = 10.0.0.1\nb = QUJD\n');
});
