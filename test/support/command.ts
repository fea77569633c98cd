/** Runs other programs: to their end with a deadline, or in the background with what they said last kept at hand. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Also give back what was printed when the program ends with another code than 0. */
  readonly anyExitCode?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  /** Ctrl-C ends it too: for what must not go on without us. */
  readonly hearsCtrlC?: boolean;
}

/** What the program printed. Throws with its command line and its own words when it fails or takes too long. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    stdio: 'pipe',
    // Ctrl-C goes to the whole process group: whoever cleans up then still needs what he runs.
    detached: options.hearsCtrlC !== true,
    env: options.environment ?? process.env,
  });
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  // A program that ends before it has read its input is judged by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`cannot start ${program}`, { cause })));
    child.once('close', resolve);
  }).finally(() => clearTimeout(timer));
  if (late)
    throw new Error(`${command.join(' ')}: no end after ${timeoutMs} ms; last said: ${tail(errors || out)}`);
  if (code !== 0 && options.anyExitCode !== true) {
    throw new Error(`${command.join(' ')}: exit code ${code}: ${tail(errors || out)}`);
  }
  return out;
}

export interface StartOptions {
  /** File that gets all the program prints; its last lines are kept in memory too. */
  readonly logFile?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
  /** Also pass on what is printed on standard error. */
  readonly errorsAreLines?: boolean;
}

export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<number | null>;
  readonly hasExited: () => boolean;
  readonly lastWords: () => string;
  write(text: string): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program that dies with us, in a process group of its own so that Ctrl-C reaches only the one who starts it. */
export function start(command: readonly string[], options: StartOptions = {}): Running {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdio: 'pipe',
    detached: true,
    env: options.environment ?? process.env,
  });
  const words = keepLines(child, options);
  let ended = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  }).finally(() => (ended = true));
  child.stdin?.on('error', () => {});
  const pid = child.pid;
  if (pid === undefined) throw new Error(`cannot start ${command.join(' ')}: is util-linux's setpriv there?`);
  const kill = (signal: NodeJS.Signals) => {
    killGroup(pid, signal);
  };
  return {
    pid,
    exited,
    hasExited: () => ended,
    lastWords: words,
    write: (text) => void child.stdin?.write(text),
    kill,
    [Symbol.asyncDispose]: async () => {
      if (!ended) kill('SIGTERM');
      await Promise.race([exited, sleep(2000, undefined, { ref: false })]);
      // The group may outlive its leader.
      kill('SIGKILL');
      await exited;
    },
  };
}

/** Signals a process group that `start` made; one that is gone already is no error. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function keepLines(child: ChildProcess, options: StartOptions): () => string {
  const kept: string[] = [];
  const file = options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a' });
  const reader = (report: ((line: string) => void) | undefined) => {
    let rest = '';
    return (text: string) => {
      file?.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        kept.push(line);
        if (kept.length > 40) kept.shift();
        report?.(line);
      }
    };
  };
  child.stdout?.setEncoding('utf8').on('data', reader(options.onLine));
  child.stderr
    ?.setEncoding('utf8')
    .on('data', reader(options.errorsAreLines === true ? options.onLine : undefined));
  child.once('close', () => file?.end());
  return () => tail(kept.join('\n'));
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-12).join('\n');
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly lastSeen?: () => string;
  /** What is waited for can't come any more. */
  readonly hopeless?: () => boolean;
}

/** Asks again and again until there is an answer. Throws with the last thing seen when the deadline passes. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const begin = Date.now();
  const end = begin + options.timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const hopeless = options.hopeless?.() === true;
    if (hopeless || Date.now() >= end) {
      const seen = options.lastSeen?.() ?? (cause instanceof Error ? cause.message : 'nothing');
      throw new Error(`waited ${Date.now() - begin} ms in vain for ${what}; last seen: ${seen}`, { cause });
    }
    await sleep(options.everyMs ?? 100);
  }
}

/** A command line without quoting, cut at its spaces. */
export function words(line: string): string[] {
  return line.split(' ');
}
