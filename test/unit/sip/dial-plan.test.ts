import { expect, it } from 'vitest';
import { e164Readings, phonesOf, type DialPlan } from '../../../appliance/sip/dial-plan.ts';
import { isEmergency } from '../../../appliance/sip/emergency.ts';

const plan = (country_code: string, more: Partial<DialPlan> = {}): DialPlan => ({
  country_code,
  national_prefix: '0',
  international_prefix: '00',
  outside_line_prefix: '',
  extension_length: 3,
  ...more,
});
const america = plan('1', { national_prefix: '1', international_prefix: '011' });

it.each([
  ['Germany, national', '030555101', plan('49'), ['+4930555101']],
  ['Germany, international', '004930555101', plan('49'), ['+4930555101']],
  ['Germany, full', '+4930555101', plan('49'), ['+4930555101']],
  [
    'Germany, with an outside line',
    '0030555101',
    plan('49', { outside_line_prefix: '0' }),
    ['+30555101', '+4930555101'],
  ],
  ['United Kingdom', '02079460101', plan('44'), ['+442079460101']],
  ['United States, ten digits', '2125550101', america, ['+12125550101']],
  ['United States, eleven digits', '12125550101', america, ['+12125550101']],
  ['United States, abroad', '011442079460101', america, ['+442079460101']],
  [
    'Italy, where no prefix is left out',
    '0655501010',
    plan('39', { national_prefix: '' }),
    ['+390655501010'],
  ],
  ['a short number', '110', plan('49'), []],
  ['no country told', '030555101', plan(''), []],
  ['letters', 'reception', plan('49'), []],
])('%s', (...[, number, dialled, readings]) => {
  expect(e164Readings(number, dialled)).toEqual(readings);
});

const phones = ['+4930555101@office.example', '+4930555102@office.example', '+4989777102@office.example'];
const found = (number: string, more: readonly string[] = []) =>
  phonesOf(
    number,
    [...phones, ...more].map((aor) => ({ aor })),
    plan('49'),
  ).map(({ aor }) => aor);

it('an extension reaches the one phone whose number ends so, and nobody when there are two', () => {
  expect(found('101')).toEqual([phones[0]]);
  expect(found('102')).toEqual([]);
  expect(found('103')).toEqual([]);
});

it('two phones of one user both ring, and a name is found as it is written', () => {
  expect(found('030555101', [phones[0] ?? ''])).toEqual([phones[0], phones[0]]);
  expect(found('desk', ['desk@office.example'])).toEqual(['desk@office.example']);
  expect(found('')).toEqual([]);
});

it.each([
  ['49', '', [], '110', true],
  ['49', '0', [], '0112', true],
  ['49', '', [], '0112', false],
  ['49', '', [], '15', false],
  ['33', '', [], '15', true],
  ['61', '', [], '000', true],
  ['1', '9', [], '9911', true],
  ['44', '', [], '999', true],
  ['', '', [], '101', true],
  ['49', '', ['5555'], '5555', true],
  ['49', '', ['5555'], '112', false],
])(
  'in country "%s" with outside line "%s" and own numbers %j, %s is a call for help: %s',
  (...[countryCode, outsideLinePrefix, numbers, number, isOne]) => {
    expect(isEmergency(`sip:${number}@x`, { countryCode, outsideLinePrefix, numbers })).toBe(isOne);
  },
);
