import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
const dialled = readFileSync(join(import.meta.dirname, '../../fixtures/dialled-numbers.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [country = '', code = '', written = '', meant = ''] = line.split('\t');
    return { country, code, written, meant };
  });

it.each(dialled)('$country: $written is $meant', ({ code, written, meant }) => {
  expect(e164Readings(dialledNumber(`tel:${written}`), plan(code))).toEqual([meant]);
});

it.each([...new Set(dialled.map(({ code }) => code))])(
  '+%s: short numbers, full numbers and what is too long',
  (code) => {
    const here = plan(code);
    for (const short of ['112', '4711', '12345']) expect(e164Readings(short, here)).toEqual([]);
    expect(e164Readings('+442079460101', here)).toEqual(['+442079460101']);
    for (const wrong of ['+0301234567', `+${'1'.repeat(16)}`, '+49x', '9'.repeat(21)])
      expect(e164Readings(wrong, here)).toEqual([]);
  },
);

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
  ['Singapore, too long for a number there', '655501011', plan('65'), []],
  ['China, a mobile number behind the zero', '013812345678', plan('86'), ['+8613812345678']],
  [
    'Singapore, with a prefix abroad of the site’s own',
    '00144207946010',
    plan('65', { international_prefix: '00' }),
    ['+144207946010'],
  ],
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
