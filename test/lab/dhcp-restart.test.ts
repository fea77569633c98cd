/** The server ends and begins again under a socket that stays, as systemd keeps it: who asked meanwhile is answered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, type Running } from '../support/command.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, writeBoxConfig, type DhcpOffice } from './dhcp-office.ts';

const mac = '80:5e:c0:00:00:01';
let office: DhcpOffice;
let supervisor: Running;
let phone: Namespace;

/** Like systemd: holds the socket, and starts the program again after it has ended; here only at a word of ours. */
beforeAll(async () => {
  office = await openDhcpOffice();
  phone = await office.phone('phone', mac);
  const config = writeBoxConfig(office.lab.directory, {});
  const run = `echo $$ > ${join(office.lab.directory, 'pid')}; LISTEN_PID=$$ exec ${process.execPath} appliance/main.ts run dhcp --config ${config} < /dev/null`;
  const loop = `while read -r _; do sh -c '${run}'; echo ended; done`;
  supervisor = office.box.start(['systemd/with-sockets', 'dhcp=eth0:udp:67', '--', 'sh', '-c', loop]);
  supervisor.write('start\n');
  await until('the server to start', hasStarted, { timeoutMs: 20_000, lastSeen: supervisor.lastWords });
});

afterAll(() => office[Symbol.asyncDispose]());

const hasStarted = () => supervisor.lastWords().includes('part started') || undefined;

const serverPid = () => Number(readFileSync(join(office.lab.directory, 'pid'), 'utf8'));

test('a client that asks once while the server is down gets its lease from the next one', async () => {
  const pid = serverPid();
  process.kill(pid, 'SIGKILL');
  const hasEnded = () => supervisor.lastWords().split('\n').includes('ended') || undefined;
  await until('its end', hasEnded, { timeoutMs: 5000, lastSeen: supervisor.lastWords });

  // One DISCOVER and no second one; busybox waits for the answer.
  const client = ['udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-t', '1', '-T', '30', '-s', '/bin/true'];
  const leased = phone.exec(client, { timeoutMs: 40_000 });
  const asked = async () => (await typesOf(mac)).length > 0 || undefined;
  await until('a DISCOVER', asked, { timeoutMs: 10_000 });
  supervisor.write('start\n');
  await leased;
  expect(serverPid()).not.toBe(pid);
  // DISCOVER, OFFER, REQUEST, ACK.
  expect(await typesOf(mac)).toEqual([1, 2, 3, 5]);
});

const typesOf = async (client: string) =>
  (await office.packets(`dhcp.hw.mac_addr == ${client}`)).map(({ type }) => type);
