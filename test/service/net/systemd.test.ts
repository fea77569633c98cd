import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reportToSystemd } from '../../../appliance/net/systemd.ts';
import { run, start, until } from '../../support/command.ts';
import { fakeClock } from '../../support/clock.ts';

const root = join(import.meta.dirname, '../../..');

let directory = '';
let fd = -1;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-notify-'));
  fd = openSync(join(directory, 'said'), 'a');
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true, force: true });
});

const said = () => readFileSync(join(directory, 'said'), 'latin1');

it('a service is ready, alive twice in the time that its watchdog allows, and then stopping', async () => {
  const clock = fakeClock(0);
  const reporting = reportToSystemd(clock, { NOTIFY_FD: String(fd), WATCHDOG_USEC: '30000000' });
  await clock.advance(15_000);
  await clock.advance(15_000);
  await reporting[Symbol.asyncDispose]();
  expect(said()).toBe('READY=1WATCHDOG=1WATCHDOG=1WATCHDOG=1STOPPING=1');
});

it('without a watchdog, or with one for another process, only readiness is told', async () => {
  const clock = fakeClock(0);
  const watched = { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' };
  await using _plain = reportToSystemd(clock, { NOTIFY_FD: String(fd) });
  await using _others = reportToSystemd(clock, { NOTIFY_FD: String(fd), ...watched });
  await clock.advance(60_000);
  expect(said()).toBe('READY=1READY=1');
});

it('nobody is told anything where nobody supervises', async () => {
  await using _none = reportToSystemd(fakeClock(0), {});
  expect(said()).toBe('');
});

it('what is written to the descriptor of with-notify arrives at the notification socket', async () => {
  const socket = join(directory, 'notify');
  // The receiving end in perl, which is there wherever with-notify runs: node has no datagram sockets in the file system.
  const receiver = start([
    'perl',
    '-MSocket',
    '-e',
    `$| = 1; socket($s, PF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($ARGV[0])); print "bound\\n"; recv($s, $got, 100, 0); print "$got\\n"; sleep 60`,
    socket,
  ]);
  await until('the socket to be there', () => receiver.lastWords().includes('bound'), { timeoutMs: 10_000 });
  const words = `require('node:fs').writeSync(Number(process.env.NOTIFY_FD), 'READY=1')`;
  const environment = { ...process.env, NOTIFY_SOCKET: socket };
  await run([join(root, 'systemd/with-notify'), process.execPath, '-e', words], { environment });
  const hasArrived = () => receiver.lastWords().includes('READY=1');
  expect(await until('the word to arrive', hasArrived, { timeoutMs: 10_000 })).toBe(true);
  await receiver[Symbol.asyncDispose]();
});
