import { expect, test } from 'vitest';
import {
  recognisePhone,
  recogniseVendor,
  urlCarrier,
  vendors,
  vlanOption,
} from '../../../appliance/phones/vendors.ts';

/** Requests of real phones; sources in facts and in `test/fixtures/phones/ORIGIN.md`. */
const agents: [string, string, object][] = [
  [
    'Yealink',
    'Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc',
    { vendor: 'yealink', kind: 'phone', model: 'T46S' },
  ],
  [
    'Yealink in lower case',
    'yealink SIP-T21P_E2 52.84.0.15 001565aabbcc',
    { vendor: 'yealink', kind: 'phone', model: 'T21P_E2' },
  ],
  [
    'Yealink with two spaces',
    'Yealink SIP-T38G  38.70.0.220',
    { vendor: 'yealink', kind: 'phone', model: 'T38G' },
  ],
  [
    'Yealink DECT base',
    'Yealink W70B 146.87.0.15 80:5e:c0:aa:bb:cc',
    { vendor: 'yealink', kind: 'dect', model: 'W70B' },
  ],
  [
    'Poly VVX',
    'FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477 Type/Application',
    { vendor: 'poly', kind: 'phone', model: 'VVX_500' },
  ],
  [
    'Poly Edge',
    'FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application',
    { vendor: 'poly', kind: 'phone', model: 'Edge_E450' },
  ],
  [
    'Poly CCX',
    'PolyCCX-CCX_600-UA/8.0.2.3267 (SN:64167faabbcc)',
    { vendor: 'poly', kind: 'phone', model: 'CCX_600' },
  ],
  ['Poly adapter', 'OBIHAI/OBi302-3.2.2', { vendor: 'poly', kind: 'ata' }],
  ['Cisco MPP', 'Cisco-CP-8841-3PCC/11.0 (00562b043615)', { vendor: 'cisco', kind: 'phone', model: '8841' }],
  [
    'Cisco adapter',
    'Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)',
    { vendor: 'cisco', kind: 'ata', model: 'ATA191' },
  ],
  [
    'AudioCodes',
    'AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)',
    { vendor: 'audiocodes', kind: 'phone', model: '440HDG' },
  ],
  [
    'AudioCodes without MAC',
    'AUDC/3.4.6.604 AUDC-IPPhone-C450HD_UC_3.4.6.604/1',
    { vendor: 'audiocodes', kind: 'phone', model: 'C450HD' },
  ],
  ['ALE', 'ALE M3-CE 2.11.01.1604 3c28a620089e', { vendor: 'ale', kind: 'phone', model: 'M3-CE' }],
  [
    'Gigaset',
    'Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605',
    { vendor: 'gigaset', kind: 'dect', model: 'N870' },
  ],
  [
    'Snom',
    'Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 1.1.5 00041396D9B4)',
    { vendor: 'snom', kind: 'phone', model: 'D785' },
  ],
];

test.each(agents)('a %s phone is known by "%s"', (_vendor, userAgent, expected) => {
  expect(recognisePhone({ userAgent })).toMatchObject(expected);
});

const classes: [string, Uint8Array, object][] = [
  [
    'Cisco, with NUL at the end',
    Buffer.from('Cisco Systems, Inc. IP Phone CP-8851-3PCC\0'),
    { vendor: 'cisco', model: '8851' },
  ],
  ['Cisco, only the model', Buffer.from('CP-7841-3PCC\0'), { vendor: 'cisco', model: '7841' }],
  ['Cisco adapter', Buffer.from('CISCO ATA191-MPP'), { vendor: 'cisco', kind: 'ata', model: 'ATA191' }],
  ['Yealink', Buffer.from('yealink'), { vendor: 'yealink', kind: 'phone' }],
  ['Poly, ASCII', Buffer.from('Polycom-VVX411'), { vendor: 'poly', model: 'VVX411' }],
  [
    'Poly, binary by RFC 3925',
    Buffer.from('0000363d0b0104506f6c79', 'hex'),
    { vendor: 'poly', kind: 'phone' },
  ],
  ['ALE', Buffer.from('ictouch.0'), { vendor: 'ale' }],
  ['ALE Myriad', Buffer.from('aledevice'), { vendor: 'ale' }],
  ['Snom', Buffer.from('snomD717'), { vendor: 'snom', model: 'D717' }],
];

test.each(classes)('a %s phone is known by option 60', (_title, vendorClass, expected) => {
  expect(recognisePhone({ vendorClass })).toMatchObject(expected);
});

test.each([
  ['00:15:65:11:22:33', 'yealink'],
  ['80:5E:C0:11:22:33', 'yealink'],
  ['0004f2112233', 'poly'],
  ['00-90-8f-11-22-33', 'audiocodes'],
  ['3c:28:a6:11:22:33', 'ale'],
  ['7c:2f:80:11:22:33', 'gigaset'],
  ['00:04:13:11:22:33', 'snom'],
])('%s is a MAC of %s', (mac, vendor) => {
  expect(recogniseVendor({ mac })).toBe(vendor);
});

test('a Cisco MAC alone says nothing: switches have them too', () => {
  expect(recogniseVendor({ mac: '00:56:2b:04:36:15' })).toBeUndefined();
});

test.each([
  ['a computer', { mac: '02:11:22:33:44:55', vendorClass: Buffer.from('MSFT 5.0') }],
  ['a Linux client', { vendorClass: Buffer.from('dhcpcd-9.4.1:Linux-6.1:x86_64:GenuineIntel') }],
  ['a browser', { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' }],
  ['an empty class', { vendorClass: new Uint8Array(0) }],
  ['a class of zeros', { vendorClass: new Uint8Array(8) }],
  ['no MAC at all', { mac: 'zz' }],
  ['nothing', {}],
])('%s is no phone', (_title, evidence) => {
  expect(recognisePhone(evidence)).toBeUndefined();
});

test('what a device says of itself goes before its MAC', () => {
  expect(recogniseVendor({ mac: '00:15:65:11:22:33', vendorClass: Buffer.from('CP-8851-3PCC') })).toBe(
    'cisco',
  );
});

test('a hostile User-Agent of a megabyte costs less than the time that a test may last', () => {
  expect(recogniseVendor({ userAgent: 'Poly'.repeat(250_000) })).toBe('poly');
});

test('the option for the URL is 66 for Yealink and ALE and 160 for Cisco, Poly and AudioCodes (G-15, G-16)', () => {
  expect(Object.fromEntries(vendors.map((vendor) => [vendor, urlCarrier(vendor).options]))).toMatchObject({
    yealink: [66],
    ale: [66, 43],
    cisco: [160],
    poly: [160],
    audiocodes: [160],
    snom: [66],
    gigaset: [],
  });
});

test('ALE phones read it from sub-option 66 of option 43 too, and everybody takes a whole URL', () => {
  expect(urlCarrier('ale')).toEqual({ options: [66, 43], form: 'url', subOption: 66 });
  expect(new Set(vendors.map((vendor) => urlCarrier(vendor).form))).toEqual(new Set(['url']));
});

test('a VLAN is told in option 128 to Poly and in 132 to Yealink, each in its own words', () => {
  expect(vendors.flatMap((vendor) => vlanOption(vendor) ?? [])).toEqual([
    { option: 132, text: '{id}' },
    { option: 128, text: 'VLAN-A={id};' },
  ]);
});
