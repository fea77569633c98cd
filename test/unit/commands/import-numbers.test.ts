import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { numbersInCsv } from '../../../appliance/commands/import-numbers.ts';
import { newDialPlan } from '../../../appliance/sip/dial-plan.ts';

const germany = newDialPlan({ country_code: '49', outside_line_prefix: '0', extension_length: 0 });
const nowhere = newDialPlan({ country_code: '', outside_line_prefix: '', extension_length: 0 });

it('numbers become full numbers, MACs the box’s own spelling, and cells may stay empty', () => {
  const text =
    'Extension;Number;Phone\r\n101;030 555-101;001565AABB01\r\n;+49 (0)30 555 102;anna.b\r\n103;;1003\r\n';
  expect(numbersInCsv(text, germany)).toEqual({
    problems: [],
    numbers: [
      { extension: '101', number: '+4930555101', phone: '00:15:65:aa:bb:01' },
      { number: '+4930555102', phone: 'anna.b' },
      { extension: '103', phone: '1003' },
    ],
  });
});

it('where no country is told a number stays as it is dialled', () => {
  expect(numbersInCsv('number,phone\n030 555101,1001', nowhere).numbers).toEqual([
    { number: '030555101', phone: '1001' },
  ]);
});

it('every line that is wrong is named, and nothing is taken then', () => {
  const text = [
    'number,extension,phone',
    '+4930555101,101,1001',
    'reception,,1002',
    '12,,1003',
    ',1o1,1004',
    '+4930555105,105,',
    ',,1006',
    '',
    '+4930555101,107,1007',
    '030555108,101,1008',
    '+4930555109,109,a b',
    '+4930555110,110,1010,what',
  ].join('\n');
  expect(numbersInCsv(text, germany)).toEqual({
    numbers: [],
    problems: [
      { line: 3, text: 'number "reception" is none: write it as +49…, or as it is dialled in the country' },
      { line: 4, text: 'number "12" is none: write it as +49…, or as it is dialled in the country' },
      { line: 5, text: 'extension "1o1" is none: one to eight digits' },
      { line: 6, text: 'no phone: its MAC address, or the user name of its account' },
      { line: 7, text: 'neither a number nor an extension' },
      { line: 9, text: '+4930555101 stands in line 2 too' },
      { line: 10, text: '101 stands in line 2 too' },
      { line: 11, text: 'phone "a b" is neither a MAC nor a user name' },
      { line: 12, text: 'more cells than columns' },
    ],
  });
});

it.each([
  ['', 'the first row must name the columns: phone, and number or extension or both'],
  ['phone\n1001', 'the first row must name the columns: phone, and number or extension or both'],
  ['number,user\n1,2', 'column "user": there are number, extension, phone'],
  ['number,phone,number\n1,2,3', 'a column stands there twice'],
  ['number,phone\n"1,2', 'a quote that is not closed'],
])('a file that is no such list is refused: %j', (text, problem) => {
  expect(numbersInCsv(text, germany)).toMatchObject({
    numbers: [],
    problems: [{ line: 1, text: expect.stringContaining(problem) as string }],
  });
});

it('any text is a list or a list of problems', () => {
  assert(
    property(string(), (text) => {
      const { numbers, problems } = numbersInCsv(`number,extension,phone\n${text}`, germany);
      expect(numbers.length === 0 || problems.length === 0).toBe(true);
    }),
  );
});
