import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseUserAgent, type UserAgent } from '../../../appliance/phones/user-agent.ts';

const rows: readonly [string, UserAgent][] = [
  [
    'Yealink SIP-T46S 66.86.0.15 80:5e:c0:11:22:33',
    { vendor: 'yealink', model: 'T46S', firmware: '66.86.0.15', mac: '80:5e:c0:11:22:33' },
  ],
  [
    'yealink SIP-T46S 66.86.0.15 805ec0112233',
    { vendor: 'yealink', model: 'T46S', firmware: '66.86.0.15', mac: '80:5e:c0:11:22:33' },
  ],
  [
    'Yealink SIP-T38G  38.70.0.125 00:15:65:11:22:33',
    { vendor: 'yealink', model: 'T38G', firmware: '38.70.0.125', mac: '00:15:65:11:22:33' },
  ],
  ['Yealink SIP-T46S 66.86.0.15', { vendor: 'yealink', model: 'T46S', firmware: '66.86.0.15' }],
  [
    'Yealink W70B 146.87.0.15 249ad8112233',
    { vendor: 'yealink', model: 'W70B', firmware: '146.87.0.15', mac: '24:9a:d8:11:22:33' },
  ],
  [
    'VP530P 23.70.0.40 00:15:65:11:22:33',
    { vendor: 'yealink', model: 'VP530P', firmware: '23.70.0.40', mac: '00:15:65:11:22:33' },
  ],
  [
    'FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477 Type/Application',
    { vendor: 'poly', model: 'VVX_500', firmware: '5.9.7.4477' },
  ],
  ['FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477 Type/Updater', { vendor: 'poly', model: 'VVX_500' }],
  [
    'FileTransport PolycomVVX-VVX_500-UA/5.9.7.3480 (SN:0004f2112233) Type/Updater',
    { vendor: 'poly', model: 'VVX_500', mac: '00:04:f2:11:22:33' },
  ],
  ['Cisco-CP8841/12.5.1', { vendor: 'cisco', model: '8841', firmware: '12.5.1' }],
  [
    'FileTransport PolycomVVX-VVX_500-UA/5.9.7.3480 (SN:0004f2112233) Type/Application',
    { vendor: 'poly', model: 'VVX_500', firmware: '5.9.7.3480', mac: '00:04:f2:11:22:33' },
  ],
  [
    'FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application',
    { vendor: 'poly', model: 'Edge_E450', firmware: '8.0.0.15602' },
  ],
  [
    'PolyCCX-CCX_600-UA/8.0.2.3267 (SN:482567112233)',
    { vendor: 'poly', model: 'CCX_600', firmware: '8.0.2.3267', mac: '48:25:67:11:22:33' },
  ],
  [
    'Cisco-CP-8841-3PCC/11.0 (00562b043615)',
    { vendor: 'cisco', model: '8841-3PCC', firmware: '11.0', mac: '00:56:2b:04:36:15' },
  ],
  [
    'Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)',
    { vendor: 'cisco', model: 'ATA191', firmware: 'MPP-11-1-0-MSR4' },
  ],
  [
    'AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)',
    { vendor: 'audiocodes', model: '440HDG', firmware: '2.2.8.61', mac: '00:90:8f:60:2a:ac' },
  ],
  [
    'AUDC/3.4.6.604 AUDC-IPPhone-C450HD_UC_3.4.6.604/1',
    { vendor: 'audiocodes', model: 'C450HD', firmware: '3.4.6.604' },
  ],
  [
    'ALE M3-CE 2.11.01.1604 3c28a620089e',
    { vendor: 'ale', model: 'M3-CE', firmware: '2.11.01.1604', mac: '3c:28:a6:20:08:9e' },
  ],
  [
    'Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605',
    {
      vendor: 'gigaset',
      model: 'N870 IP PRO',
      firmware: '83.V2.11.0+build.a546b91',
      mac: '7c:2f:80:e0:d6:05',
    },
  ],
  [
    'Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001-gd311851f1 (Feb 25 2019 - 14:19:43) 00041396D9B4 SXM:0 UXM:0 UXMC:0)',
    { vendor: 'snom', model: 'D785', firmware: '10.1.169.16', mac: '00:04:13:96:d9:b4' },
  ],
  [
    'Mozilla/4.0 (compatible; snom870-SIP 8.4.35 SPEAr300 SNOM 1.4)',
    { vendor: 'snom', model: '870', firmware: '8.4.35' },
  ],
  // Spellings that are not listed.
  ['Yealink-T54W/96.86.5.1', { vendor: 'yealink' }],
  ['AudioCodes 445HD UC 3.4.8.808', { vendor: 'audiocodes' }],
  ['Poly Trio 8800 7.2.4 0004f2112233', { vendor: 'poly', mac: '00:04:f2:11:22:33' }],
  ['Algo-8301/5.3.4 (00:22:ee:11:22:33)', { vendor: 'algo', mac: '00:22:ee:11:22:33' }],
  ['NoSuchMake X1 00-1A-E8-11-22-08', { mac: '00:1a:e8:11:22:08' }],
  ['NoSuchMake X1 805ec0112233', { mac: '80:5e:c0:11:22:33' }],
];

test.each(rows)('%s', (text, phone) => {
  expect(parseUserAgent(text)).toEqual(phone);
});

test.each([
  '',
  'curl/8.1.2',
  'Mozilla/5.0 (X11; Linux x86_64)',
  'notyealink SIP-T46S',
  // Twelve digits of nobody's are a serial number or a date, and two MACs are none.
  'NoSuchMake X1 202211251234',
  'NoSuchMake 00:15:65:11:22:33 00:15:65:11:22:44',
  `Yealink SIP-T46S ${'9'.repeat(600)}`,
])('no phone is seen in %j', (text) => {
  expect(parseUserAgent(text)).toBeUndefined();
});

test('no text makes it throw, and a MAC it reports is always well formed', () => {
  const pieces = rows.flatMap(([text]) => text.split(/(?<=[ /();-])/));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 12 }),
      (parts) => {
        const found = parseUserAgent(parts.join(''));
        expect(found?.mac ?? '00:00:00:00:00:00').toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      },
    ),
  );
});
