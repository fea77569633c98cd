/** Many phones at once, and what the kernel was told before each promise: as other programs saw it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLeases } from '../../appliance/store/leases.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { openDhcpOffice, type DhcpOffice } from './dhcp-office.ts';

let office: DhcpOffice;

beforeAll(async () => {
  office = await openDhcpOffice();
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
});

test('a lease is written and synced between the OFFER and the ACK', async () => {
  const trace = join(office.lab.directory, 'trace');
  const under = ['strace', '-f', '-e', 'trace=sendmsg,sendto,pwrite64,fsync,fdatasync', '-o', trace];
  const box = await office.startBox({ under });
  const phone = await office.phone('one', '80:5e:c0:00:02:01');
  await phone.exec(['udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-s', '/bin/true']);
  await box[Symbol.asyncDispose]();

  const calls = readFileSync(trace, 'latin1').split('\n');
  const sent = calls.flatMap((line, at) => (/send(msg|to)\(.*sin_port=htons\(68\)/.test(line) ? [at] : []));
  expect(sent).toHaveLength(2);
  const between = calls.slice(sent[0], sent[1]).join('\n');
  expect(between).toMatch(/pwrite64\([\s\S]*f(data)?sync\([\s\S]*= 0/);
});

test('a thousand phones at once all get an address of their own within five seconds', async () => {
  const box = await office.startBox({
    stateDirectory: join(office.lab.directory, 'storm'),
    subnet: '10.66.0.0/16',
    pool: ['10.66.1.0', '10.66.5.255'],
  });
  await office.box.exec(['ip', 'addr', 'add', '10.66.0.1/16', 'dev', 'eth0']);
  const relay = await office.phone('relay', '02:00:00:00:02:02');
  await relay.exec(['ip', 'addr', 'add', '10.66.255.2/16', 'dev', 'eth0']);
  // One of Kea's tools, as a relay: 1000 clients, 400 new exchanges a second, each lost one counted.
  const words = '-4 -L 67 -r 400 -n 1000 -R 1000 -p 10 -W 1000000 -s 7 10.66.0.1'.split(' ');
  const report = await relay.exec(['perfdhcp', ...words], { anyExitCode: true, timeoutMs: 60_000 });
  await box[Symbol.asyncDispose]();

  const numbers = (name: string) =>
    [...report.matchAll(new RegExp(`^${name}: (\\d+)`, 'gm'))].map(([, n]) => Number(n));
  const sent = numbers('sent packets');
  expect(sent).toHaveLength(2);
  expect(numbers('received packets')).toEqual(sent);
  // It may begin one exchange more than it was told to, which is a client of before.
  expect(Math.min(...sent)).toBeGreaterThanOrEqual(1000);
  using reader = openReader(join(office.lab.directory, 'storm'), 'dhcp');
  const leases = reader === undefined ? [] : readLeases(reader.db);
  expect(leases).toHaveLength(1000);
  expect(new Set(leases.map(({ ip }) => ip)).size).toBe(1000);
  const begun = leases.map(({ startedAt }) => startedAt);
  expect(Math.max(...begun) - Math.min(...begun)).toBeLessThan(5000);
});
