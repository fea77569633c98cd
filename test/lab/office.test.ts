/** `npm run office` as a person at a terminal has it: from outside, as a program, and what it leaves behind. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, start, until, type Running } from '../support/command.ts';
import { cleanDeadRuns } from '../support/namespaces.ts';
import { installLine, missingPackages } from '../support/packages.ts';
import type { OfficeStatus } from '../office/table.ts';
import type { WalkResult } from '../office/walk.ts';

const program = join(import.meta.dirname, '../office/main.ts');
/** Beside an office that somebody has open on this machine. */
const socket = `/run/gatehouse-lab/office-test-${process.pid}.sock`;
const office = (...words: string[]) => [process.execPath, program, '--socket', socket, ...words];

/** What listens on this machine itself, and which of the office's programs run in its own network. */
async function hostState(): Promise<string[]> {
  const sockets = (await run(['ss', '-Hlntup'])).split('\n').filter(Boolean);
  const own = readlinkSync('/proc/self/ns/net');
  const programs = readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || linkOf(`/proc/${pid}/ns/net`) !== own) return [];
    const name = textOf(`/proc/${pid}/comm`).trim();
    return /^(?:kamailio|lldpd|snmpd|dnsmasq|baresip|dhclient|udhcpc|dhcpcd|tcpdump|isc-dhcp)/.test(name)
      ? [name]
      : [];
  });
  // Protocol and address. High ports on loopback are those of tests that run beside this one.
  const listening = sockets.map((line) => `${line.split(/\s+/)[0]} ${line.split(/\s+/)[4]}`);
  return [...listening.filter((socket) => !/ 127\.0\.0\.1:\d{5}$/.test(socket)), ...programs];
}

/** What is there now and was not before. */
async function newSince(before: readonly string[]): Promise<string[]> {
  return (await hostState()).filter((entry) => !before.includes(entry));
}

function textOf(path: string): string {
  return orNothing(() => readFileSync(path, 'utf8'));
}

function linkOf(path: string): string {
  return orNothing(() => readlinkSync(path));
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
  const files = readdirSync('/run/gatehouse-lab').filter((name) => name.endsWith('run.json'));
  const runs = files.map(
    (name) => JSON.parse(textOf(`/run/gatehouse-lab/${name}`) || '{}') as Record<string, unknown>,
  );
  const own = runs.find((entry) => entry['pid'] === pid);
  if (own === undefined) throw new Error(`no run file of process ${pid}`);
  return { prefix: String(own['prefix']), directory: String(own['directory']) };
}

const namesIn = (path: string) => (existsSync(path) ? readdirSync(path) : []);
const isAlive = (pid: string) => !/^State:\s+[ZX]/m.test(textOf(`/proc/${pid}/status`));

function leftOf({ prefix, directory }: { prefix: string; directory: string }): string[] {
  const named = [...namesIn('/run/netns'), ...namesIn('/etc/netns'), ...namesIn('/run/gatehouse-lab')];
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
    onLine: (line) => {
      url = /^page (http\S+)/.exec(line)?.[1] ?? url;
    },
  });
  const wait = { timeoutMs: 60_000, lastSeen: process.lastWords, hopeless: process.hasExited };
  await until('the office to name its page', () => url || undefined, wait);
  return { process, url, made: madeBy(process.pid) };
}

async function status(): Promise<OfficeStatus> {
  return JSON.parse(await run(office('status'))) as OfficeStatus;
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
  const before = await hostState();
  const result = JSON.parse(await run(office('--once'), { timeoutMs: 120_000 })) as WalkResult;
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
  expect(await newSince(before)).toEqual([]);
});

test('the open office shows its page on loopback, takes orders from another terminal, and cleans up on Ctrl-C', async () => {
  const before = await hostState();
  const { process: running, url, made } = await openOfficeProgram();
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
  await untilStatus('all phones to be placed', ({ phones }) =>
    phones.every(({ stage }) => stage === 'placed'),
  );
  const second = await run([...office()], { anyExitCode: true, timeoutMs: 60_000 });
  expect(second).toBe('');
  await run(office('move', '1', '6'));
  await untilStatus('phone 1 at desk 6', ({ phones }) => phones[0]?.place.endsWith('desk 6') === true);
  expect(await run(office('call', '2', 'in'), { timeoutMs: 40_000 })).toMatch(
    /phone sent \d{3}, heard \d{3}/,
  );
  await run(office('cut'));
  expect((await status()).internet).toBe('cut');
  await run(office('restore'));
  await run(office('power', '3', 'off'));
  expect((await status()).phones[2]?.step).toBe('off');
  await run(office('power', '3', 'on'));
  await untilStatus('phone 3 to be back', ({ phones }) => phones[2]?.step === 'registered');
  await expect(run(office('move', '1', '2'))).rejects.toThrow('phone 2 is plugged into port 2');
  await expect(run(office('dance'))).rejects.toThrow('no order "dance"');
  expect(leftOf(made)).not.toEqual([]);
  running.kill('SIGINT');
  const code = await running.exited;
  expect(code, running.lastWords()).toBe(0);
  expect(leftOf(made)).toEqual([]);
  expect(await newSince(before)).toEqual([]);
  await expect(run(office('status'))).rejects.toThrow('no office is open');
});

test('an office that was killed is cleaned up by the next start', async () => {
  const { process: running, made } = await openOfficeProgram();
  running.kill('SIGKILL');
  await running.exited;
  expect(leftOf(made)).not.toEqual([]);
  cleanDeadRuns();
  expect(leftOf(made)).toEqual([]);
});

test('where namespaces are not allowed it says so in one line, with what is needed', async () => {
  const bare = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--', ...office('--once')];
  await expect(run(bare)).rejects.toThrow(/office: network namespaces are not allowed here .*CAP_SYS_ADMIN/);
  await expect(run(bare)).rejects.not.toThrow(/\n\s+at /);
});

test('everything it needs is installed here, and what would be missing is named in one apt line', () => {
  expect(missingPackages()).toEqual([]);
  expect(installLine(['lldpd', 'snmpd'])).toBe('apt-get install --no-install-recommends lldpd snmpd');
});
