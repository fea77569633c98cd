/** `npm run office` as a person at a terminal has it: from outside, as a program, and what it leaves behind. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, start, until, type Running } from '../support/command.ts';
import { cleanDeadRuns, openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { installLine, missingPackages } from '../support/packages.ts';
import type { OfficeStatus } from '../office/table.ts';
import type { WalkResult } from '../office/walk.ts';

let lab: Lab;
/** The network of the machine that the office is opened on: nothing else is in it. */
let machine: Namespace;
/** Where offices note their runs: no other lab cleans here. */
let runs: string;
/** Beside an office that somebody has open here. */
let socket: string;

beforeAll(async () => {
  lab = openLab();
  machine = await lab.namespace('machine');
  [runs, socket] = [join(lab.directory, 'runs'), join(lab.directory, 'office.sock')];
  mkdirSync(runs);
});

afterAll(() => lab[Symbol.asyncDispose]());

const program = join(import.meta.dirname, '../office/main.ts');
const onMachine = (...command: string[]) => ['nsenter', `--net=/run/netns/${machine.name}`, ...command];
const office = (...words: string[]) => onMachine(process.execPath, program, '--socket', socket, ...words);
const environment = () => ({ ...process.env, GATEHOUSE_LAB_RUNS: runs });

/** The answer to an order, or to a call of the program that ends by itself. */
function call(words: readonly string[], timeoutMs = 20_000): Promise<string> {
  return run(office(...words), { timeoutMs, environment: environment() });
}

/** What listens on the machine itself, and what runs in its own network. */
async function onTheMachine(): Promise<string[]> {
  const sockets = await machine.exec(['ss', '-Hlntup']);
  const programs = await run(['ip', 'netns', 'pids', machine.name]);
  return [
    ...sockets.split('\n'),
    ...programs.split('\n').map((pid) => (pid === '' ? '' : textOf(`/proc/${pid}/cmdline`))),
  ].filter(Boolean);
}

function textOf(path: string): string {
  return orNothing(() => readFileSync(path, 'utf8'));
}

/** A process may end while it is looked at. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** What a run of this process made: known from its run file, while it lives. */
function madeBy(pid: number): { prefix: string; directory: string } {
  const files = readdirSync(runs).filter((name) => name.endsWith('run.json'));
  const noted = files.map((name) => JSON.parse(textOf(join(runs, name)) || '{}') as Record<string, unknown>);
  const own = noted.find((entry) => entry['pid'] === pid);
  if (own === undefined) throw new Error(`no run file of process ${pid}`);
  return { prefix: String(own['prefix']), directory: String(own['directory']) };
}

const namesIn = (path: string) => (existsSync(path) ? readdirSync(path) : []);
const isAlive = (pid: string) => !/^State:\s+[ZX]/m.test(textOf(`/proc/${pid}/status`));

function leftOf({ prefix, directory }: { prefix: string; directory: string }): string[] {
  const named = [...namesIn('/run/netns'), ...namesIn('/etc/netns'), ...namesIn(runs)];
  const running = namesIn('/proc').filter(
    (pid) => /^\d+$/.test(pid) && textOf(`/proc/${pid}/cmdline`).includes(directory),
  );
  return [
    ...named.filter((name) => name.startsWith(prefix)),
    ...(existsSync(directory) ? [directory] : []),
    ...running.filter(isAlive).map((pid) => textOf(`/proc/${pid}/cmdline`)),
  ];
}

interface OpenOffice {
  readonly process: Running;
  readonly url: string;
  readonly made: { prefix: string; directory: string };
}

async function openOfficeProgram(): Promise<OpenOffice> {
  let url = '';
  const process = start(office(), {
    environment: environment(),
    onLine: (line) => {
      url = /^page (http\S+)/.exec(line)?.[1] ?? url;
    },
  });
  const wait = { timeoutMs: 60_000, lastSeen: process.lastWords, hopeless: process.hasExited };
  await until('the office to name its page', () => url || undefined, wait);
  return { process, url, made: madeBy(process.pid) };
}

async function status(): Promise<OfficeStatus> {
  return JSON.parse(await call(['status'])) as OfficeStatus;
}

async function untilStatus(what: string, fits: (seen: OfficeStatus) => boolean): Promise<OfficeStatus> {
  let last: OfficeStatus | undefined;
  const probe = async () => {
    last = await status();
    return fits(last) ? last : undefined;
  };
  return until(what, probe, { timeoutMs: 60_000, everyMs: 500, lastSeen: () => JSON.stringify(last) });
}

test('--once prints what every phone did as JSON, exits 0 within two minutes, and leaves the machine as it was', async () => {
  const result = JSON.parse(await call(['--once'], 120_000)) as WalkResult;
  expect(result.ok).toBe(true);
  expect(new Set(result.phones.map(({ vendor }) => vendor)).size).toBeGreaterThanOrEqual(4);
  for (const { leased, configured, registered, placed, calls } of result.phones) {
    for (const seconds of [leased, configured, registered, placed]) expect(seconds).toBeGreaterThan(0);
    expect(calls.length).toBe(2);
    for (const { phone, callee } of calls) {
      for (const count of [phone.sent, phone.heard, callee.sent, callee.heard])
        expect(count).toBeGreaterThan(50);
    }
  }
  expect(await onTheMachine()).toEqual([]);
});

test('the open office shows its page on loopback, takes orders from another terminal, and cleans up on Ctrl-C', async () => {
  const { process: running, url, made } = await openOfficeProgram();
  expect(await machine.exec(['curl', '-sSf', url])).toContain('<html');
  await untilStatus('all phones to be placed', ({ phones }) =>
    phones.every(({ stage }) => stage === 'placed'),
  );
  await expect(call([], 60_000)).rejects.toThrow('an office is open already');
  await call(['move', '1', '6']);
  await untilStatus('phone 1 at desk 6', ({ phones }) => phones[0]?.place.endsWith('desk 6') === true);
  expect(await call(['call', '2', 'in'], 40_000)).toMatch(/phone sent \d{3}, heard \d{3}/);
  await call(['cut']);
  expect((await status()).internet).toBe('cut');
  await call(['restore']);
  await call(['power', '3', 'off']);
  expect((await status()).phones[2]?.step).toBe('off');
  await call(['power', '3', 'on']);
  await untilStatus('phone 3 to be back', ({ phones }) => phones[2]?.step === 'registered');
  await expect(call(['move', '1', '2'])).rejects.toThrow('phone 2 is plugged into port 2');
  await expect(call(['dance'])).rejects.toThrow('no order "dance"');
  expect(leftOf(made)).not.toEqual([]);
  running.kill('SIGINT');
  const code = await running.exited;
  expect(code, running.lastWords()).toBe(0);
  expect(leftOf(made)).toEqual([]);
  expect(await onTheMachine()).toEqual([]);
  await expect(call(['status'])).rejects.toThrow('no office is open');
});

test('an office that was killed is cleaned up by the next start', async () => {
  const { process: running, made } = await openOfficeProgram();
  running.kill('SIGKILL');
  await running.exited;
  expect(leftOf(made)).not.toEqual([]);
  cleanDeadRuns(runs);
  expect(leftOf(made)).toEqual([]);
});

test('where namespaces are not allowed it says so in one line, with what is needed', async () => {
  const bare = onMachine('setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--');
  const once = [...bare, process.execPath, program, '--once'];
  await expect(run(once)).rejects.toThrow(/office: network namespaces are not allowed here .*CAP_SYS_ADMIN/);
  await expect(run(once)).rejects.not.toThrow(/\n\s+at /);
});

test('everything it needs is installed here, and what would be missing is named in one apt line', () => {
  expect(missingPackages()).toEqual([]);
  expect(installLine(['lldpd', 'snmpd'])).toBe('apt-get install --no-install-recommends lldpd snmpd');
});
