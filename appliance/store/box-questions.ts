/**
 * What an admin may ask the box at the page (`box.ask`): commands that read and change nothing, by name. Whoever asks chooses from this
 * table and from the words of an argument, and can write no command line. Pure.
 */
import { vendors } from '../phones/vendors.ts';

interface Question {
  /** After `gatehouse`. */
  readonly words: readonly string[];
  /** What may come after them; left out: nothing. */
  readonly choices?: readonly string[];
}

export const questions = {
  check: { words: ['check'] },
  'check-settings': { words: ['check', 'settings'] },
  'check-emergency': { words: ['check', 'emergency'] },
  'check-dhcp': { words: ['check', 'dhcp'] },
  'probe-dhcp': { words: ['probe', 'dhcp'] },
  drill: { words: ['drill'] },
  bypass: { words: ['bypass'] },
  adopt: { words: ['adopt', 'list'] },
  'update-status': { words: ['update', 'status'] },
  authority: { words: ['authority'] },
  url: { words: ['url'], choices: vendors },
  snippet: { words: ['snippet'], choices: ['dnsmasq', 'kea', 'isc', 'windows', 'ios'] },
} as const satisfies Record<string, Question>;

export type QuestionName = keyof typeof questions;

/** The command's words; undefined: this is no question, or not one with this argument. */
export function questionWords(name: unknown, argument: unknown): readonly string[] | undefined {
  if (typeof name !== 'string' || !Object.hasOwn(questions, name)) return undefined;
  const { words, choices }: Question = questions[name as QuestionName];
  if (choices === undefined) return argument === undefined ? words : undefined;
  return typeof argument === 'string' && choices.includes(argument) ? [...words, argument] : undefined;
}
