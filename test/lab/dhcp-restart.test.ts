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

/** Like systemd: holds the socket, and starts the program again whenever it has ended. */
beforeAll(async () => {
  office = await openDhcpOffice();
  phone = await office.phone('phone', mac);
  const config = writeBoxConfig(office.lab.directory, {});
  const run = `echo $$ > ${join(office.lab.directory, 'pid')}; LISTEN_PID=$$ exec ${process.execPath} appliance/main.ts run dhcp --config ${config}`;
  const loop = `while :; do sh -c '${run}'; done`;
  supervisor = office.box.start(['systemd/with-sockets', 'dhcp=eth0:udp:67', '--', 'sh', '-c', loop]);
  await until('the server to start', hasStarted, { timeoutMs: 20_000, lastSeen: supervisor.lastWords });
});

afterAll(() => office[Symbol.asyncDispose]());

const hasStarted = () => supervisor.lastWords().includes('part started') || undefined;

const serverPid = () => Number(readFileSync(join(office.lab.directory, 'pid'), 'utf8'));

test('a client that asks once while the server is down gets its lease from the next one', async () => {
  const pid = serverPid();
  process.kill(pid, 'SIGKILL');
  // One DISCOVER and no second one; busybox waits for the answer.
  const client = ['udhcpc', '-i', 'eth0', '-f', '-n', '-q', '-t', '1', '-T', '30', '-s', '/bin/true'];
  await phone.exec(client, { timeoutMs: 40_000 });
  expect(serverPid()).not.toBe(pid);
  const types = (await office.packets(`dhcp.hw.mac_addr == ${mac}`)).map(({ type }) => type);
  // DISCOVER, OFFER, REQUEST, ACK.
  expect(types).toEqual([1, 2, 3, 5]);
});
