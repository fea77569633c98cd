import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readNftAnswers } from '../../../appliance/net/nft-answers.ts';

const end = 'meta expression, datatype mark (packet mark), 32 bits\n';
const printed = fc.array(
  fc
    .array(fc.string().filter((line) => !/^meta expression, |\n/.test(line)))
    .map((lines) => lines.map((line) => `${line}\n`).join('')),
  { maxLength: 8 },
);

it('answers are the same however what nft prints is cut', () => {
  fc.assert(
    fc.property(printed, fc.array(fc.nat({ max: 400 })), (wanted, cuts) => {
      const whole = wanted.map((answer) => answer + end).join('');
      const places = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length];
      const reader = readNftAnswers();
      const answers = places.slice(1).flatMap((place, at) => reader.push(whole.slice(places[at], place)));
      expect(answers).toEqual(wanted);
      expect(reader.rest()).toBe('');
    }),
  );
});

it('an answer of hundreds of elements is looked at once, though it comes word by word', () => {
  const element = '10.0.0.1 . 4000 . 10.0.0.2 . 20000 counter packets 3 bytes 600 : 20002,\n';
  const answer = element.repeat(20_000);
  const reader = readNftAnswers();
  // To look at all of it again with each word would take minutes.
  const answers = (answer + end).split(/(?<= )/).flatMap((word) => reader.push(word));
  expect(answers).toEqual([answer]);
});

it('what nft said before it ended is left over', () => {
  const reader = readNftAnswers();
  expect(reader.push('Error: syntax')).toEqual([]);
  expect(reader.push(' error\nadd')).toEqual([]);
  expect(reader.rest()).toBe('Error: syntax error\nadd');
});
