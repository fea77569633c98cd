/** Runs the programs that the image is made with, one after the other. */
import { execFileSync } from 'node:child_process';

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** What the program printed on standard output. Throws with the command line and the program's own last words. */
export function run(program: string, words: readonly string[], options: RunOptions = {}): string {
  try {
    return execFileSync(program, words, {
      encoding: 'utf8',
      input: options.input ?? '',
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
    });
  } catch (cause) {
    const { stderr = '', stdout = '' } = cause as { stderr?: string; stdout?: string };
    const lastWords = (stderr || stdout).trimEnd().split('\n').slice(-15).join('\n');
    throw new Error(`${program} ${words.join(' ')}\n${lastWords}`, { cause });
  }
}

/** A command line without quoting, in pieces. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
