import { expect, it } from 'vitest';
import { questions, questionWords } from '../../../appliance/store/box-questions.ts';

it('a question is a command of the table, with an argument of its choices where it has some', () => {
  expect(questionWords('check-emergency', undefined)).toEqual(['check', 'emergency']);
  expect(questionWords('snippet', 'kea')).toEqual(['snippet', 'kea']);
  const asked = Object.entries(questions).map(([name, row]) =>
    questionWords(name, 'choices' in row ? row.choices[0] : undefined),
  );
  expect(asked).not.toContain(undefined);
});

it.each([
  ['reset', undefined],
  ['constructor', undefined],
  ['__proto__', undefined],
  [7, undefined],
  [['check'], undefined],
  ['check', '--config=/x'],
  ['check', ''],
  ['url', undefined],
  ['url', '--json'],
  ['url', ['yealink']],
])('%j with %j is none', (name, argument) => {
  expect(questionWords(name, argument)).toBeUndefined();
});
