/** Network namespaces, wires and bridges of one run of a lab, and their removal however the run ended. */
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, start, type Running, type RunOptions, type StartOptions } from './command.ts';

export interface Namespace {
  readonly name: string;
  /** The words that go before a command to run it inside. */
  readonly prefix: readonly string[];
  readonly exec: (command: readonly string[], options?: RunOptions) => Promise<string>;
  /** Starts a program inside. */
  readonly start: (command: readonly string[], options?: InsideOptions) => Running;
}

export interface InsideOptions extends StartOptions {
  /** Shell lines run first, whose mounts only the program sees. */
  readonly prepare?: readonly string[];
  /** Words before everything, such as those that enter another mount namespace. */
  readonly inside?: readonly string[];
}

export interface Lab extends AsyncDisposable {
  /** Scratch directory of this run, readable by every user: what is secret in it needs a directory of its own. */
  readonly directory: string;
  namespace(name: string, options?: { nameserver?: string }): Promise<Namespace>;
  /** Joins two cards by a cable. */
  wire(a: CableEnd, b: CableEnd): Promise<void>;
}

export interface CableEnd {
  readonly namespace: Namespace;
  readonly card: string;
  readonly mac?: string;
}

/** Where runs are noted. Another one, by the environment, is for what tries how a killed run is cleaned up: no other lab does it first. */
const runDirectory = process.env['GATEHOUSE_LAB_RUNS'] ?? '/run/gatehouse-lab';

/** What a run leaves behind for the next one to clean, should it be killed. */
interface RunFile {
  readonly pid: number;
  readonly startedAt: string;
  readonly prefix: string;
  readonly directory: string;
}

/** Why namespaces can't be made here, in words for the person at the terminal; undefined when they can. */
export function namespacesRefused(): string | undefined {
  if (process.platform !== 'linux')
    return 'the pretend office needs Linux: it is built from network namespaces';
  if (process.getuid?.() !== 0)
    return 'the pretend office needs root to make network namespaces: run it as root or with sudo';
  const probe = `gatehouse-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (made.error) return 'the pretend office needs the program ip (Debian package iproute2)';
  spawnSync('ip', ['netns', 'del', probe]);
  if (made.status === 0) return undefined;
  return `network namespaces are not allowed here (${made.stderr.trim()}): a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN (docker run --privileged), or use a virtual machine`;
}

/** Cleans what dead runs of ours left, and opens a new one. Also cleans up when the process ends by itself. */
export function openLab(): Lab {
  cleanDeadRuns();
  const prefix = `gh${randomBytes(3).toString('hex')}-`;
  const directory = mkdtempSync('/tmp/gatehouse-');
  chmodSync(directory, 0o755);
  const runFile = join(runDirectory, `${prefix}run.json`);
  const content: RunFile = { pid: process.pid, startedAt: startTime(process.pid) ?? '', prefix, directory };
  // Whole or not at all: half a file would be taken for a dead run's by a lab that opens now.
  writeFileSync(`${runFile}.new`, JSON.stringify(content));
  renameSync(`${runFile}.new`, runFile);
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    cleanRun(content);
    rmSync(runFile, { force: true });
  };
  process.once('exit', close);
  return {
    directory,
    namespace: async (name, options = {}) => {
      const full = `${prefix}${name}`;
      // `ip netns exec` shows this file as /etc/resolv.conf. Each has one: a client that writes it writes its own, not the machine's.
      mkdirSync(`/etc/netns/${full}`, { recursive: true });
      writeFileSync(`/etc/netns/${full}/resolv.conf`, resolverFile(options.nameserver));
      await run(['ip', 'netns', 'add', full]);
      const namespace = enter(full);
      await namespace.exec(
        ['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'],
        {
          anyExitCode: true,
        },
      );
      await namespace.exec(['ip', 'link', 'set', 'lo', 'up']);
      return namespace;
    },
    wire: async (a, b) => {
      await run(['ip', 'link', 'add', ...linkEnd(a), 'type', 'veth', 'peer', ...linkEnd(b)]);
    },
    [Symbol.asyncDispose]: () => {
      process.off('exit', close);
      close();
      return Promise.resolve();
    },
  };
}

const resolverFile = (nameserver?: string) =>
  nameserver === undefined ? '' : `nameserver ${nameserver}\noptions timeout:2 attempts:2\n`;

function linkEnd({ card, namespace, mac }: CableEnd): string[] {
  return ['name', card, 'netns', namespace.name, ...(mac === undefined ? [] : ['address', mac])];
}

/** A line for `prepare`: covers a directory by an empty one, so that programs of several namespaces don't share it. */
export const cover = (directory: string) =>
  `mkdir -p ${directory} && mount -t tmpfs -o mode=755 tmpfs ${directory}`;

function enter(name: string): Namespace {
  const prefix = ['ip', 'netns', 'exec', name];
  return {
    name,
    prefix,
    exec: (command, options) => run([...prefix, ...command], options),
    start: (command, options = {}) => {
      const { prepare: lines = [], inside = [] } = options;
      const script = [...lines, 'exec "$@"'].join(' && ');
      const prepared = lines.length === 0 ? command : ['sh', '-c', script, 'sh', ...command];
      return start([...inside, ...prefix, ...prepared], options);
    },
  };
}

/** Kills and removes what runs left whose process is gone. */
export function cleanDeadRuns(directory = runDirectory): void {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('run.json')) continue;
    const path = join(directory, name);
    const left = readRunFile(path);
    if (left !== undefined && startTime(left.pid) === left.startedAt) continue;
    if (left !== undefined) cleanRun(left);
    rmSync(path, { force: true });
  }
}

function readRunFile(path: string): RunFile | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunFile;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Field 22 of /proc/PID/stat: with it a process number that was given out again is not mistaken. */
function startTime(pid: number): string | undefined {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return undefined;
  return readFileSync(path, 'utf8').split(') ')[1]?.split(' ')[19];
}

/** Synchronous, since it must also work while the process ends. */
function cleanRun({ prefix, directory }: RunFile): void {
  const names = existsSync('/run/netns')
    ? readdirSync('/run/netns').filter((name) => name.startsWith(prefix))
    : [];
  for (const name of names) killAll(name);
  for (const name of names) {
    spawnSync('ip', ['netns', 'del', name]);
    rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

function killAll(namespace: string): void {
  for (let round = 0; round < 20; round += 1) {
    const pids = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    spawnSync('sleep', ['0.05']);
  }
}
