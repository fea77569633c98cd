/** nftables through one `nft -i` for as long as we live: a process for each change takes twenty times as long. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { borrowing } from './borrowing.ts';

export interface Nft extends AsyncDisposable {
  /**
   * One line; what stands in it between semicolons is one transaction. Resolves with what nft printed. Rejects with its words, or
   * when it can't be started, takes too long, or has too much to do. A child that ended is started again by the next line.
   */
  ask(line: string): Promise<string>;
  /** A file as one transaction, by a child of its own. Rejects as `ask` does. */
  load(text: string): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Waiting {
  readonly resolve: (printed: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const patienceMs = 5000;
/** Until a child has begun: on a machine that is still starting that alone takes seconds, and more so when it is begun again. */
const beginMs = 30_000;
const maxWaiting = 4000;
const maxPrintedChars = 16 * 1024 * 1024;
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** nft says nothing when all went well. This needs no look at the kernel and prints one line, which ends each answer. */
const endOfAnswer = { line: 'describe meta mark', printed: /^meta expression, .*\n/m };

export function openNft(): Nft {
  let child: Child | undefined;
  let hasBegun = false;
  let isClosed = false;
  const waiting: Waiting[] = [];

  const begin = (): Child => {
    // Both of its outputs in one pipe: complaints come before the end of the answer that they belong to.
    const started = startNft('exec nft -i 2>&1');
    let printed = '';
    hasBegun = false;
    started.stdout.on('data', (chunk: string) => {
      printed += chunk;
      for (;;) {
        const end = endOfAnswer.printed.exec(printed);
        if (end === null) break;
        hasBegun = true;
        settle(waiting.shift(), printed.slice(0, end.index));
        printed = printed.slice(end.index + end[0].length);
      }
      if (printed.length > maxPrintedChars) started.kill('SIGKILL');
    });
    const ended = (why: string) => {
      if (child !== started) return;
      child = undefined;
      for (const asked of waiting.splice(0)) settle(asked, new Error(why));
    };
    started.once('error', (error) => ended(`nft can't be started (${error.message})`));
    started.once('close', (code) => ended(`nft ended with ${code ?? 'a signal'}: ${printed.trim()}`));
    return started;
  };

  return {
    ask: async (line) => {
      if (isClosed) throw new Error('nft is closed');
      if (waiting.length >= maxWaiting) throw new Error('nft has too much to do');
      const to = (child ??= begin());
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => to.kill('SIGKILL'), hasBegun ? patienceMs : beginMs);
        waiting.push({ resolve, reject, timer });
        to.stdin.write(`${line}\n${endOfAnswer.line}\n`);
      });
    },
    load: loadRules,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      const last = child;
      if (last === undefined) return;
      const gone = new Promise((resolve) => last.once('close', resolve));
      last.stdin.end();
      const timer = setTimeout(() => last.kill('SIGKILL'), patienceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

async function loadRules(text: string): Promise<void> {
  const child = startNft('exec nft -f - 2>&1');
  let printed = '';
  child.stdout.on('data', (chunk: string) => (printed = `${printed}${chunk}`.slice(0, 1000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), beginMs);
  child.stdin.end(text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => clearTimeout(timer));
  if (code !== 0) throw complaint(printed, `nft ended with ${code ?? 'a signal'}`);
}

function startNft(script: string): Child {
  // What doesn't come from nft, which speaks into the other pipe, is for the log: that nobody lends the right.
  const child = spawn(...borrowing('sh', ['-c', script]), { stdio: ['pipe', 'pipe', 'inherit'], env });
  child.stdout.setEncoding('utf8');
  // Its end, which follows, says all that matters.
  child.stdin.on('error', () => undefined);
  return child;
}

function settle(asked: Waiting | undefined, outcome: string | Error): void {
  if (asked === undefined) return;
  clearTimeout(asked.timer);
  if (typeof outcome !== 'string') asked.reject(outcome);
  else if (/^Error:/m.test(outcome)) asked.reject(complaint(outcome));
  else asked.resolve(outcome);
}

/** Its first line; the ones below repeat what it was told. */
function complaint(printed: string, otherwise = 'nft refused'): Error {
  return new Error(/not found/.test(printed) ? 'nft is not installed' : printed.split('\n')[0] || otherwise);
}
