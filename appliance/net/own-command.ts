/** One of our own commands as a process of its own, with bounds: it has its time and room for its words, and can take nothing down. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../main.ts');

interface Bounds {
  readonly timeoutMs: number;
  readonly mostBytes: number;
  /** Aborted: it is ended at once. */
  readonly signal: AbortSignal;
}

export interface CommandEnd {
  /** Exit code; undefined: it was ended by us. */
  readonly code: number | undefined;
  /** What it printed until then, complaints after it. */
  readonly output: string;
  /** Ended for printing more than it may. */
  readonly isCut: boolean;
}

/** Resolves however it ends. */
export async function runOwnCommand(
  words: readonly string[],
  { timeoutMs, mostBytes, signal }: Bounds,
): Promise<CommandEnd> {
  return await new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: mostBytes, signal } as const;
    execFile(process.execPath, [main, ...words], options, (error, output, complaints) => {
      const isCut = (error?.code as unknown) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      resolve({ code, isCut, output: [output, complaints].filter(Boolean).join('\n') });
    });
  });
}
