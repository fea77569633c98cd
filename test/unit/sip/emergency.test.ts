import { expect, it } from 'vitest';
import { dialableForHelp, helpKind, type EmergencyPlan } from '../../../appliance/sip/emergency.ts';
import { numbersOf } from '../../../appliance/phones/emergency-numbers.ts';

const plan = (countryCode: string, more: Partial<EmergencyPlan> = {}): EmergencyPlan => ({
  countryCode,
  outsideLinePrefix: '',
  numbers: [],
  ...more,
});

it.each([
  ['United States', '1', '911', '911', '911', '911'],
  ['Russia and Kazakhstan', '7', '112', '102', '101', '103'],
  ['South Africa', '27', '112', '10111', '10177', '10177'],
  ['Greece', '30', '112', '100', '199', '166'],
  ['Belgium', '32', '112', '101', '112', '112'],
  ['France', '33', '112', '17', '18', '15'],
  ['Spain', '34', '112', '091', '080', '061'],
  ['Italy', '39', '112', '113', '115', '118'],
  ['Switzerland', '41', '112', '117', '118', '144'],
  ['Austria', '43', '112', '133', '122', '144'],
  ['United Kingdom', '44', '999', '999', '999', '999'],
  ['Norway', '47', '112', '112', '110', '113'],
  ['Poland', '48', '112', '997', '998', '999'],
  ['Germany', '49', '112', '110', '112', '112'],
  ['Brazil', '55', '190', '190', '193', '192'],
  ['Australia', '61', '000', '000', '000', '000'],
  ['New Zealand', '64', '111', '111', '111', '111'],
  ['Singapore', '65', '999', '999', '995', '995'],
  ['Japan', '81', '110', '110', '119', '119'],
  ['Korea', '82', '112', '112', '119', '119'],
  ['China', '86', '110', '110', '119', '120'],
  ['Turkey', '90', '112', '155', '110', '112'],
  ['India', '91', '112', '100', '101', '102'],
  ['Ireland', '353', '999', '999', '999', '999'],
  ['Czechia', '420', '112', '158', '150', '155'],
  ['Hong Kong', '852', '999', '999', '999', '999'],
  ['Saudi Arabia', '966', '911', '999', '998', '997'],
  ['Emirates', '971', '999', '999', '997', '998'],
  ['Israel', '972', '100', '100', '102', '101'],
])(
  '%s (+%s): %s, police %s, fire %s, ambulance %s; each is a call for help, also behind an outside line',
  (...row) => {
    const [, code, any, police, fire, ambulance] = row;
    expect(numbersOf(code)).toMatchObject({ any, police, fire, ambulance });
    for (const number of [any, police, fire, ambulance, '112', '911']) {
      expect(helpKind(`sip:${number}@office.example`, plan(code))).toBe('help');
      expect(
        helpKind(`sip:0${number}@office.example;user=phone`, plan(code, { outsideLinePrefix: '0' })),
      ).toBe('help');
    }
  },
);

it.each([
  ['tel:112', plan('49'), 'help'],
  ['tel:911;phone-context=+1', plan('1'), 'help'],
  ['sip:1-1-2@x', plan('49'), 'help'],
  ['sip:+112@x', plan('49'), 'help'],
  ['sip:112#@x', plan('49'), 'help'],
  ['sip:112%23@x', plan('49'), 'help'],
  ['sip:112;phone-context=office@x', plan('49'), 'help'],
  ['sip:0112@x', plan('49'), undefined],
  ['sip:15@x', plan('49'), undefined],
  ['sip:1123@x', plan('49'), undefined],
  ['sip:101@x', plan(''), 'help'],
  ['sip:933@x', plan('1'), 'test'],
  ['sip:9933@x', plan('1', { outsideLinePrefix: '9' }), 'test'],
  ['sip:933@x', plan('268'), 'help'],
  ['sip:933@x', plan('49'), undefined],
  ['sip:5555@x', plan('49', { numbers: ['5555'] }), 'help'],
  ['sip:112@x', plan('49', { numbers: ['5555'] }), undefined],
  ['sip:5555@x', plan('49', { moreNumbers: ['5555'] }), 'help'],
  ['sip:112@x', plan('49', { moreNumbers: ['5555'] }), 'help'],
  ['urn:service:sos', plan('49'), 'help'],
  ['URN:service:SOS.fire', plan('49'), 'help'],
  ['urn:service:sosnot', plan('49'), undefined],
  ['urn:service:test.sos', plan('49'), 'test'],
  ['urn:service:test.sos.police', plan('49'), 'test'],
] as const)('%s with %j is a call for: %s', (uri, where, kind) => {
  expect(helpKind(uri, where)).toBe(kind);
});

it.each([
  ['sip:0112@x', plan('49', { outsideLinePrefix: '0' }), '112'],
  ['sip:9911@x', plan('1', { outsideLinePrefix: '9' }), '911'],
  ['sip:+110@x', plan('49'), '110'],
  ['urn:service:sos', plan('44'), '999'],
  ['urn:service:sos', plan(''), '112'],
  ['urn:service:sos.police', plan('49'), '110'],
  ['urn:service:sos.fire', plan('81'), '119'],
  ['urn:service:sos.ambulance', plan('33'), '15'],
  ['urn:service:sos.mountain', plan('41'), '112'],
  ['urn:service:sos.police', plan('49', { numbers: ['5555'] }), '5555'],
  ['urn:service:test.sos', plan('1'), '933'],
  ['sip:9933@x', plan('1', { outsideLinePrefix: '9' }), '933'],
])('%s with %j goes to the telephone network as %s', (uri, where, number) => {
  expect(dialableForHelp(uri, where)).toBe(number);
});
