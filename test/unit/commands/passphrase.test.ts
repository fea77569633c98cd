import { expect, it } from 'vitest';
import { newPassphrase } from '../../../appliance/commands/passphrase.ts';

const answers = (...words: string[]) => {
  const questions: string[] = [];
  const ask = (question: string) => {
    questions.push(question);
    return Promise.resolve(words.shift() ?? '');
  };
  return { ask, questions };
};

it('who types a new passphrase types it twice', async () => {
  const { ask, questions } = answers('correct horse', 'correct horse');
  expect(await newPassphrase('passphrase: ', { ask, isTyped: true })).toBe('correct horse');
  expect(questions).toEqual(['passphrase: ', 'once more: ']);
});

it('a slip of the finger is told before anything is sealed with it', async () => {
  const { ask } = answers('correct horse', 'correct hores');
  await expect(newPassphrase('passphrase: ', { ask, isTyped: true })).rejects.toThrow('not the same');
});

it('a program is asked once', async () => {
  const { ask, questions } = answers('correct horse');
  expect(await newPassphrase('passphrase: ', { ask, isTyped: false })).toBe('correct horse');
  expect(questions).toHaveLength(1);
});
