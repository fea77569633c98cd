/** SIPp (Debian's sip-tester) as a peer that is none of ours: its own scenarios, its own idea of SIP. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './directory.ts';

export interface SippResult {
  /** 0: all calls went as the scenario says. */
  readonly code: number | null;
  readonly output: string;
}

export interface Sipp {
  readonly ended: Promise<SippResult>;
}

/** Started with these options, behind the words of `prefix`; it ends itself after its calls, or with the test. */
export function startSipp(options: readonly string[], prefix: readonly string[] = []): Sipp {
  const [program = 'sipp', ...words] = [...prefix, 'sipp', '-nostdin', '-timeout', '30s', ...options];
  const child = spawn(program, words, {
    cwd: temporaryDirectory(),
    env: { ...process.env, TERM: 'xterm' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  onTestFinished(() => {
    child.kill();
  });
  return {
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output }));
    }),
  };
}
