/** Programs of the system that do one thing and end. */
import { execFile } from 'node:child_process';

interface Running {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/systemd', LC_ALL: 'C', SYSTEMD_COLORS: '0' };
const mostChars = 1024 * 1024;

/** What it printed. Rejects with its last line of complaint, or when it can't be started or takes too long. */
export async function runProgram(
  program: string,
  words: readonly string[],
  { timeoutMs, signal }: Running,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: mostChars, env, signal } as const;
    execFile(program, words, options, (error, output, complaints) => {
      if (error === null) return resolve(output);
      const why =
        error.killed === true ? `took longer than ${timeoutMs} ms` : lastLine(complaints) || error.message;
      reject(new Error(`${program}: ${why}`, { cause: error }));
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
