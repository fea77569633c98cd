/** nftables through an `nft -i` that answers many lines: a process for each change takes twenty times as long. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { borrowing } from './borrowing.ts';
import { endOfAnswer, readNftAnswers } from './nft-answers.ts';

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

interface Conversation {
  readonly child: Child;
  /** Lines that it was told, those that end answers too. */
  lines: number;
  hasBegun: boolean;
  readonly waiting: Waiting[];
}

interface Waiting {
  readonly resolve: (printed: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const patienceMs = 5000;
/** Until a child has begun: on a machine that is still starting that alone takes seconds, and more so when it is begun again. */
const beginMs = 30_000;
const maxWaiting = 4000;
/**
 * nft keeps all that it is told as a history for whoever sits before it, and walks through it at each line: after 20,000 lines a change
 * took twenty times as long. So another one is begun beside it after so many.
 */
export const mostLines = 1000;
const maxPrintedChars = 16 * 1024 * 1024;
/** And would read and write that history in a file, however long. */
const interactive = 'exec env HOME=/dev/null nft -i 2>&1';
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Asks for nothing in the kernel: whether it has begun. */
const firstWords = 'describe udp dport';

export function openNft(): Nft {
  let current: Conversation | undefined;
  /** Takes its place as soon as it answers, and the other one has nothing to do. */
  let next: Conversation | undefined;
  let isClosed = false;

  const begin = (): Conversation => {
    const begun = beginConversation((why) => {
      if (current === begun) current = undefined;
      if (next === begun) next = undefined;
      for (const asked of begun.waiting.splice(0)) settle(asked, new Error(why));
    });
    return begun;
  };

  const withRoom = (): Conversation => {
    current ??= begin();
    if (current.lines < mostLines) return current;
    if (next === undefined) {
      next = begin();
      void tell(next, firstWords).catch(() => undefined);
    } else if (next.hasBegun && current.waiting.length === 0) {
      current.child.stdin.end();
      current = next;
      next = undefined;
    }
    return current;
  };

  return {
    ask: async (line) => {
      if (isClosed) throw new Error('nft is closed');
      const to = withRoom();
      if (to.waiting.length >= maxWaiting) throw new Error('nft has too much to do');
      return await tell(to, line);
    },
    load: loadRules,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      for (const last of [current, next]) if (last !== undefined) await end(last.child);
    },
  };
}

function beginConversation(ended: (why: string) => void): Conversation {
  // Both of its outputs in one pipe: complaints come before the end of the answer that they belong to.
  const child = startNft(interactive);
  const begun: Conversation = { child, lines: 0, hasBegun: false, waiting: [] };
  const answers = readNftAnswers();
  child.stdout.on('data', (chunk: string) => {
    for (const answer of answers.push(chunk)) {
      begun.hasBegun = true;
      settle(begun.waiting.shift(), answer);
    }
    if (answers.rest().length > maxPrintedChars) child.kill('SIGKILL');
  });
  child.once('error', (error) => ended(`nft can't be started (${error.message})`));
  child.once('close', (code) => ended(`nft ended with ${code ?? 'a signal'}: ${answers.rest().trim()}`));
  return begun;
}

async function tell(to: Conversation, line: string): Promise<string> {
  to.lines += 2;
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => to.child.kill('SIGKILL'), to.hasBegun ? patienceMs : beginMs);
    to.waiting.push({ resolve, reject, timer });
    to.child.stdin.write(`${line}\n${endOfAnswer.line}\n`);
  });
}

async function end(child: Child): Promise<void> {
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(timer);
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
