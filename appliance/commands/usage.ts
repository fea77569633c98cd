/** The words of the command line: what the program says of its commands, and of words that it doesn't know. Pure. */
import { parseArgs } from 'node:util';
import { nearest } from '../schema-problems.ts';

/** Ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A line for each command, by its name. */
export type Abouts = Readonly<Record<string, string>>;

/** Of all commands, or of the one named. */
export function usage(abouts: Abouts, name?: string): string {
  const about = name === undefined ? undefined : abouts[name];
  if (about !== undefined) return `usage: gatehouse ${about} [--config FILE] [--json]`;
  const lines = Object.values(abouts).map((line) => `  ${line}`);
  return ['usage: gatehouse <command> [--config FILE] [--json]', '', ...lines].join('\n');
}

export function unknownCommand(name: string, abouts: Abouts): string {
  return `no command "${name}"${nearest(name, Object.keys(abouts))}`;
}

/** Throws {@link UsageError}. */
export function parseWords(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        json: { type: 'boolean' },
        undo: { type: 'boolean' },
        now: { type: 'boolean' },
        force: { type: 'boolean' },
        relay: { type: 'string' },
        pcap: { type: 'string' },
        minutes: { type: 'string' },
        model: { type: 'string' },
        release: { type: 'string' },
        sha256: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(optionMistake(error, words));
  }
}

/** What node's `parseArgs` found wrong, in our words. */
function optionMistake(error: unknown, words: readonly string[]): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [, option = ''] = /'(?:-\w, )?(--?[^ '=]+)/.exec(message) ?? [];
  const command = words.find((word) => !word.startsWith('-')) ?? 'gatehouse';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${command} has no option ${option}`;
  return message.includes('argument missing')
    ? `${option} wants a value`
    : `${option} has no value: it is there or not`;
}
