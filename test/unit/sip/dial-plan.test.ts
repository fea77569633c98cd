import { expect, it } from 'vitest';
import {
  dialledNumber,
  e164Readings,
  newDialPlan,
  phonesOf,
  type DialPlan,
  type DialSettings,
} from '../../../appliance/sip/dial-plan.ts';

const plan = (country_code: string, more: Partial<DialSettings> = {}): DialPlan =>
  newDialPlan({ country_code, outside_line_prefix: '', extension_length: 3, ...more });

/** By calling code alone: what people dial there, and which number it is. */
const dialled: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'Germany 49': [
    ['030555101', '+4930555101'],
    ['0151 23456789', '+4915123456789'],
    ['0043 1 5550101', '+4315550101'],
    ['+49 (0)30 555-101', '+4930555101'],
  ],
  'Austria 43': [
    ['015550101', '+4315550101'],
    ['0664 1234567', '+436641234567'],
    ['004930555101', '+4930555101'],
  ],
  'Switzerland 41': [
    ['044 555 01 01', '+41445550101'],
    ['0049 30 555101', '+4930555101'],
  ],
  'France 33': [
    ['01 55 50 10 10', '+33155501010'],
    ['06.12.34.56.78', '+33612345678'],
    ['00 44 20 7946 0101', '+442079460101'],
  ],
  'Italy 39': [
    ['06 5550 1010', '+390655501010'],
    ['347 1234567', '+393471234567'],
    ['0041445550101', '+41445550101'],
  ],
  'Spain 34': [
    ['915 550 101', '+34915550101'],
    ['612345678', '+34612345678'],
    ['0033155501010', '+33155501010'],
  ],
  'Netherlands 31': [
    ['020 555 0101', '+31205550101'],
    ['003225550101', '+3225550101'],
  ],
  'Belgium 32': [
    ['02 555 01 01', '+3225550101'],
    ['0470 12 34 56', '+32470123456'],
    ['0031205550101', '+31205550101'],
  ],
  'United Kingdom 44': [
    ['020 7946 0101', '+442079460101'],
    ['07700 900123', '+447700900123'],
    ['00 353 1 555 0101', '+35315550101'],
  ],
  'Ireland 353': [
    ['01 555 0101', '+35315550101'],
    ['087 123 4567', '+353871234567'],
    ['00442079460101', '+442079460101'],
  ],
  'Sweden 46': [
    ['08-555 010 10', '+46855501010'],
    ['070-123 45 67', '+46701234567'],
    ['004755501010', '+4755501010'],
  ],
  'Norway 47': [
    ['55 50 10 10', '+4755501010'],
    ['0046855501010', '+46855501010'],
  ],
  'Denmark 45': [
    ['55 50 10 10', '+4555501010'],
    ['004755501010', '+4755501010'],
  ],
  'Finland 358': [
    ['09 555 0101', '+35895550101'],
    ['040 1234567', '+358401234567'],
    ['0046855501010', '+46855501010'],
  ],
  'Poland 48': [
    ['22 555 01 01', '+48225550101'],
    ['00420225550101', '+420225550101'],
  ],
  'Czechia 420': [
    ['225 550 101', '+420225550101'],
    ['0048225550101', '+48225550101'],
  ],
  'Portugal 351': [
    ['215 550 101', '+351215550101'],
    ['912345678', '+351912345678'],
    ['0034915550101', '+34915550101'],
  ],
  'United States and Canada 1': [
    ['212 555 0101', '+12125550101'],
    ['1-416-555-0101', '+14165550101'],
    ['011 44 20 7946 0101', '+442079460101'],
  ],
  'Australia 61': [
    ['02 5550 1010', '+61255501010'],
    ['0412 345 678', '+61412345678'],
    ['0011 64 9 555 0101', '+6495550101'],
  ],
  'New Zealand 64': [
    ['09 555 0101', '+6495550101'],
    ['021 123 4567', '+64211234567'],
    ['0061255501010', '+61255501010'],
  ],
  'Japan 81': [
    ['03-5550-1010', '+81355501010'],
    ['090-1234-5678', '+819012345678'],
    ['010 1 212 555 0101', '+12125550101'],
  ],
  'India 91': [
    ['011 5550 1010', '+911155501010'],
    ['98765 43210', '+919876543210'],
    ['098765 43210', '+919876543210'],
    ['00 1 212 555 0101', '+12125550101'],
  ],
  'Brazil 55': [
    ['011 3555-0101', '+551135550101'],
    ['0 21 11 3555-0101', '+551135550101'],
    ['0 15 11 98765-4321', '+5511987654321'],
    ['00 21 49 30 555101', '+4930555101'],
  ],
  'Mexico 52': [
    ['55 5550 1010', '+525555501010'],
    ['00 1 212 555 0101', '+12125550101'],
  ],
  'South Africa 27': [
    ['011 555 0101', '+27115550101'],
    ['082 123 4567', '+27821234567'],
    ['00442079460101', '+442079460101'],
  ],
  'United Arab Emirates 971': [
    ['04 555 0101', '+97145550101'],
    ['050 123 4567', '+971501234567'],
    ['00911155501010', '+911155501010'],
  ],
};

const cases = Object.entries(dialled).flatMap(([country, numbers]) =>
  numbers.map(([written, e164]) => [country, written, e164] as const),
);

it.each(cases)('%s: %s is %s', (country, written, e164) => {
  const number = dialledNumber(`tel:${written}`);
  expect(e164Readings(number, plan(country.split(' ').at(-1) ?? ''))).toEqual([e164]);
});

it.each(Object.keys(dialled))('%s: short numbers, full numbers and what is too long', (country) => {
  const here = plan(country.split(' ').at(-1) ?? '');
  for (const short of ['112', '4711', '12345']) expect(e164Readings(short, here)).toEqual([]);
  expect(e164Readings('+442079460101', here)).toEqual(['+442079460101']);
  for (const wrong of ['+0301234567', `+${'1'.repeat(16)}`, '+49x', '9'.repeat(21)])
    expect(e164Readings(wrong, here)).toEqual([]);
});

it.each([
  [
    'Germany, with an outside line',
    '0030555101',
    plan('49', { outside_line_prefix: '0' }),
    ['+30555101', '+4930555101'],
  ],
  [
    'United States, with an outside line',
    '912125550101',
    plan('1', { outside_line_prefix: '9' }),
    ['+12125550101'],
  ],
  ['a prefix of the site’s own', '80030555101', plan('49', { national_prefix: '800' }), ['+4930555101']],
  ['a country without rules of its own', '021234567', plan('255'), ['+25521234567']],
  ['no country told', '030555101', plan(''), []],
  ['letters', 'reception', plan('49'), []],
])('%s', (...[, number, here, readings]) => {
  expect(e164Readings(number, here)).toEqual(readings);
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

it('what the registrar says besides the account is a number of the phone too', () => {
  const account = { aor: 'anna.b@office.example', mac: '00:15:65:aa:bb:01' };
  const reply = JSON.stringify([
    { name: 'P-Associated-URI', value: '<sip:anna.b@office.example>, <tel:+4930555103>' },
    { name: 'Service-Route', value: '<sip:+4930555104@x>' },
  ]);
  const others = phones.map((aor) => ({ aor }));
  const calls = (number: string) => phonesOf(number, [...others, { ...account, reply }], plan('49'));
  expect(calls('030555103')).toMatchObject([account]);
  expect(calls('103')).toMatchObject([account]);
  expect(calls('104')).toEqual([]);
});

it('the list of the site goes before everything else, also when its phone is away', () => {
  const list: Record<string, string> = { '101': '00:15:65:aa:bb:01', '+4930555102': 'anna.b', '500': 'gone' };
  const phoneOf = (numbers: readonly string[]) => numbers.map((number) => list[number]).find(Boolean);
  const here = newDialPlan({ country_code: '49', outside_line_prefix: '', extension_length: 3 }, { phoneOf });
  const desk = { aor: 'desk@office.example', mac: '00:15:65:aa:bb:01' };
  const anna = { aor: 'anna.b@office.example', mac: null };
  const calls = (number: string) =>
    phonesOf(number, [...phones.map((aor) => ({ aor })), desk, anna, { aor: '500@x' }], here);
  expect(calls('101')).toEqual([desk]);
  expect(calls('030555102')).toEqual([anna]);
  expect(calls('+4930555102')).toEqual([anna]);
  expect(calls('500')).toEqual([]);
  expect(calls('030555101')).toEqual([{ aor: phones[0] }]);
});
