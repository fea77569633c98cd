import { expect, test } from 'vitest';
import {
  deviceOf,
  knownDevices,
  parseDevices,
  type Device,
} from '../../../appliance/phones/firmware-devices.ts';
import {
  firmwareProblem,
  isEnterprise,
  judgeFirmware,
  type FirmwareState,
  type RunningFirmware,
} from '../../../appliance/phones/firmware-gate.ts';
import { parseUserAgent } from '../../../appliance/phones/user-agent.ts';
import { readFileSync } from 'node:fs';

const file = new URL('../../../firmware-templates/devices.tsv', import.meta.url);
const text = readFileSync(file, 'utf8');
const devices = knownDevices();

function judge(device: Pick<Device, 'vendor' | 'model' | 'region'>, firmware: string): FirmwareState {
  return judgeFirmware({ ...device, firmware }, devices).state;
}

/** The version just below: its last figure or letter that can be counted down, is. */
function below(version: string): string {
  const at = [...version.matchAll(/[1-9]|(?<=\d)[B-Z](?![A-Z])|[b-z](?=_|$)/g)].at(-1)?.index ?? -1;
  if (at === -1) throw new Error(`nothing is below ${version}`);
  return `${version.slice(0, at)}${String.fromCharCode(version.charCodeAt(at) - 1)}${version.slice(at + 1)}`;
}

function above(version: string): string {
  return /\d[A-Za-z]_?$/.test(version)
    ? version.replace(/[A-Za-z]_?$/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 1))
    : version.replace(/\d+(?!.*\d)/, (digits) => String(Number(digits) + 1));
}

/** A minimum as a phone of this row would say it: Yealink prints only the second field. */
function asSaid({ vendor, approved }: Device, version: string): string {
  return vendor === 'yealink' && /^\d+$/.test(version) ? `${approved.split('.')[0]}.${version}.0.0` : version;
}

/** What a phone of this row may say, and how it is judged. */
function expectations(device: Device): [firmware: string, state: FirmwareState][] {
  const { vendor, model, approved, minimum } = device;
  const always: [string, FirmwareState][] = [
    [approved, 'approved'],
    [above(approved), 'newer than known'],
    ['no version', 'unknown'],
  ];
  if (minimum === undefined) return [...always, [below(approved), 'onboardable']];
  // The approved build contradicts the minimum.
  if (vendor === 'yealink' && model === 'T21P') return [...always, [below(approved), 'too old']];
  const said = asSaid(device, minimum);
  return [...always, [said, minimum === approved ? 'approved' : 'onboardable'], [below(said), 'too old']];
}

test('every row of the list is read, and no two are one', () => {
  expect(devices).toHaveLength(text.trimEnd().split('\n').length - 1);
});

test.each(devices)('line $line, $vendor $model: approved, newer, minimum and below it', (device) => {
  const expected = expectations(device);
  expect(expected.map(([firmware]) => [firmware, judge(device, firmware)])).toEqual(expected);
});

const traps: readonly [what: string, running: RunningFirmware, state: FirmwareState][] = [
  [
    'the approved generic build',
    { vendor: 'audiocodes', model: '440HD', firmware: '2.2.16.681' },
    'approved',
  ],
  ['a generic build before it', { vendor: 'audiocodes', model: '440HD', firmware: '2.2.8.61' }, 'too old'],
  ['the Skype line', { vendor: 'audiocodes', model: '440HD', firmware: '3.2.1' }, 'onboardable'],
  ['a line nobody named', { vendor: 'audiocodes', model: '440HD', firmware: '4.0.1' }, 'unknown'],
  [
    'a UC phone on the generic line',
    { vendor: 'audiocodes', model: '445HD', firmware: '2.2.16.681' },
    'unknown',
  ],
  [
    'an approved build below the minimum',
    { vendor: 'yealink', model: 'T21P', firmware: '34.72.0.75' },
    'approved',
  ],
  ['one before it', { vendor: 'yealink', model: 'T21P', firmware: '34.72.0.74' }, 'too old'],
  ['the printed minimum', { vendor: 'yealink', model: 'T21P', firmware: '34.83.0.1' }, 'newer than known'],
  ['field 2 of 83', { vendor: 'yealink', model: 'T46S', firmware: '66.83.0.1' }, 'onboardable'],
  ['field 2 of 82 in a high family', { vendor: 'yealink', model: 'T54W', firmware: '96.82.0.1' }, 'too old'],
  ['MPP as a User-Agent says it', { vendor: 'cisco', model: '8841-3PCC', firmware: '12.0.3' }, 'approved'],
  [
    'an adapter before its minimum',
    { vendor: 'cisco', model: 'ATA191', firmware: 'MPP-11-1-0-MSR4' },
    'too old',
  ],
  ['enterprise firmware', { vendor: 'cisco', model: '8841', firmware: '12-5-1SR1-4' }, 'convert first'],
  [
    'W70B of another region',
    { vendor: 'yealink', model: 'W70B', region: 'emea', firmware: '146.85.5.4' },
    'newer than known',
  ],
  ['W70B at home', { vendor: 'yealink', model: 'W70B', region: 'noam', firmware: '146.85.5.4' }, 'approved'],
  ['a model nobody listed', { vendor: 'yealink', model: 'T99X', firmware: '1.99.0.1' }, 'unknown'],
];

test.each(traps)('%s', (_, running, state) => {
  expect(judgeFirmware(running, devices).state).toBe(state);
});

const spellings: readonly [string, string][] = [
  ['Yealink SIP-T46S 66.86.0.15 80:5e:c0:11:22:33', 'T46S'],
  ['Yealink SIP-T21P_E2 52.84.0.125 80:5e:c0:11:22:33', 'T21P_E2'],
  ['Yealink W70B 146.85.5.2 249ad8112233', 'W70B'],
  ['FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477 Type/Application', 'VVX500'],
  ['FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application', 'Edge E450'],
  ['FileTransport PolycomRealPresenceTrio-Trio_8800-UA/5.9.5.3182 Type/Application', 'Trio 8800'],
  ['OBIHAI/OBi302-3.2.4.8441', 'OBi 302'],
  ['Cisco-CP-8841-3PCC/11.0 (00562b043615)', '8841'],
  ['Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)', 'ATA191-MPP'],
  ['AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)', undefined],
  ['AUDC-IPPhone/2.2.8.61 (405HDG-Rev0; 00908F602AAC)', '405HDG'],
  ['AUDC/3.4.6.604 AUDC-IPPhone-C450HD_UC_3.4.6.604/1', 'C450HD'],
  ['ALE M3-CE 2.11.01.1604 3c28a620089e', 'M3'],
  ['Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605', 'N870 IP PRO'],
  ['Mozilla/4.0 (compatible; snomD735-SIP 10.1.141.13 2010.12 00041396D9B4)', 'D735'],
].map(([userAgent = '', model]) => [userAgent, model ?? 'none']);

test.each(spellings)('%s is the row %s', (userAgent, row) => {
  const { vendor = 'poly', model = '' } = parseUserAgent(userAgent) ?? {};
  expect(deviceOf(devices, { vendor, model, region: 'emea' })?.model ?? 'none').toBe(row);
});

test("an updater's version says nothing of the phone's firmware", () => {
  const said = parseUserAgent('FileTransport PolycomVVX-VVX_500-UA/5.0.3.1667 Type/Updater');
  expect(said).toEqual({ vendor: 'poly', model: 'VVX_500' });
});

test('handsets are known as such: only their base asks for a configuration', () => {
  const handsets = devices.filter(({ isHandset }) => isHandset).map(({ model }) => model);
  expect(handsets).toEqual(expect.arrayContaining(['Rove 20', 'W56H', '7202', 'd43', 'i63']));
  expect(handsets).not.toEqual(expect.arrayContaining(['Rove B1']));
  expect(handsets.filter((model) => /^(?:W70B|N870|Rove B|IP-DECT)/.test(model))).toEqual([]);
});

test.each([
  ['option 60', { vendorClass: 'Cisco Systems, Inc. IP Phone CP-8841' }, true],
  ['SIP', { userAgent: 'Cisco-CP8841/12.5.1' }, true],
  ['its own file', { path: '/SEP00562B043615.cnf.xml' }, true],
  ['its trust list', { path: '/CTLSEP00562B043615.tlv' }, true],
  ['MPP', { userAgent: 'Cisco-CP-8841-3PCC/11.0 (00562b043615)' }, false],
  ['MPP, option 60', { vendorClass: 'Cisco Systems, Inc. IP Phone CP-8851-3PCC\0' }, false],
  [
    'converted since its lease',
    { vendorClass: 'IP Phone CP-8841', userAgent: 'Cisco-CP-8841-3PCC/12.0.3' },
    false,
  ],
  ['PhoneOS', { userAgent: 'Cisco-CP-8875/3.3.1' }, false],
  ['an adapter', { userAgent: 'Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)' }, false],
  ['MPP file', { path: '/8841-3PCC.xml' }, false],
] as const)('enterprise firmware is recognised by %s', (_, evidence, expected) => {
  expect(isEnterprise(evidence)).toBe(expected);
});

test('what is wrong is said with what to do', () => {
  const old = { vendor: 'yealink', model: 'T46S', firmware: '66.81.0.1' } as const;
  expect(firmwareProblem(old, judgeFirmware(old, devices))).toBe(
    "Its firmware 66.81.0.1 is too old for Teams SIP Gateway (the minimum is 83, approved is 66.86.5.1): update it with Yealink's firmware 66.86.5.1, then reset it to factory settings.",
  );
  const generic = { vendor: 'audiocodes', model: '405HD', firmware: '2.2.8.61' } as const;
  expect(firmwareProblem(generic, judgeFirmware(generic, devices))).toContain('it needs 2.2.16.681');
  const cisco = { vendor: 'cisco', model: '8841', isEnterprise: true } as const;
  expect(firmwareProblem(cisco, judgeFirmware(cisco, devices))).toContain('convert it');
  const good = { vendor: 'yealink', model: 'T46S', firmware: '66.86.5.1' } as const;
  expect(firmwareProblem(good, judgeFirmware(good, devices))).toBeUndefined();
});

const head = text.slice(0, text.indexOf('\n'));
const row = 'AudioCodes\t445HD\tip phone\t3.2.1\t3.4.8.808\t160\t\tdynamic\t';

test('a model that is listed twice with the same firmware is one', () => {
  expect(parseDevices([head, row, row].join('\n'))).toHaveLength(1);
});

test.each([
  ['the columns', ['vendor\tmodel', row], /line 1: the columns must be vendor, model/],
  ['a vendor', [head, row.replace('AudioCodes', 'AudioCode')], /line 2: no vendor "AudioCode"/],
  ['tabs', [head, row.replaceAll('\t', ' ')], /line 2: 1 cells, not 9/],
  ['an empty line', [head, row, '', row], /line 3: 1 cells/],
  ['a minimum', [head, row.replace('3.2.1', 'soon')], /line 2: "soon" is no firmware version of AudioCodes/],
  ['no approved build', [head, row.replace('3.4.8.808', '')], /line 2: "" is no firmware version/],
  ['a model', [head, row.replace('445HD', '')], /line 2: no model/],
  ['two truths', [head, row, row.replace('808', '900')], /line 3: 445HD stands in line 2 too/],
])('the list is read strictly: %s', (_, lines, error) => {
  expect(() => parseDevices(lines.join('\n'))).toThrow(error);
});
