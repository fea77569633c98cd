/** A real DHCP server where ours is: it is told of, and nobody is drawn away from it. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, type Running } from '../support/command.ts';
import { readClientLease, startDhcpClient, type DhcpClientName } from '../support/dhcp-client.ts';
import { startForeignDhcp } from '../support/foreign-dhcp.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, type DhcpOffice } from './dhcp-office.ts';

const ours = '10.66.0.1';
const theirs = '10.66.0.9';
let office: DhcpOffice;
let host: Namespace;
let rogue: Running;

const startRogue = async () => {
  rogue = await startForeignDhcp(
    'dnsmasq',
    { namespace: host, directory: join(office.lab.directory, 'rogue') },
    '',
  );
};

beforeAll(async () => {
  office = await openDhcpOffice();
  host = await office.phone('host', '02:00:00:00:07:09');
  await host.exec(['ip', 'addr', 'add', `${theirs}/24`, 'dev', 'eth0']);
  await startRogue();
  await office.startBox({ sockets: ['dhcp-client=eth0:udp:68'], more: 'probe_seconds = 1' });
});

afterAll(() => office[Symbol.asyncDispose]());

async function boot(client: DhcpClientName, mac: string): Promise<void> {
  const namespace = await office.phone(client, mac);
  const directory = join(office.lab.directory, client);
  const running = startDhcpClient(namespace, { client, card: 'eth0', directory });
  const wait = { timeoutMs: 40_000, lastSeen: running.lastWords };
  await until('a lease', () => readClientLease(directory), wait);
}

/** Whom this client chose (option 54), and whether we offered it an address: dnsmasq's own offers are unicast. */
async function choiceOf(mac: string) {
  const said = await office.packets(`dhcp.hw.mac_addr == ${mac}`);
  const chosen = said.find(({ type, options }) => type === 3 && options.has(54))?.options.get(54);
  return { chosen, isOffered: said.some(({ type, from }) => type === 2 && from === ours) };
}

async function tells(...texts: string[]) {
  let told = '';
  const isTold = async () => {
    told = await office.status();
    return texts.every((text) => told.includes(text)) || undefined;
  };
  await until('the status', isTold, { timeoutMs: 40_000, everyMs: 300, lastSeen: () => told });
}

test('a server that starts beside another one offers nothing, and says why', async () => {
  await boot('udhcpc', '80:5e:c0:00:07:01');
  await tells(
    `no address is offered, since another DHCP server (${theirs}) answers on eth0`,
    `Other DHCP servers on eth0: ${theirs} (unknown, answers`,
  );
  expect(await choiceOf('80:5e:c0:00:07:01')).toEqual({ chosen: '0a420009', isOffered: false });
});

test('when the other one is gone, it offers', async () => {
  await rogue[Symbol.asyncDispose]();
  await boot('dhclient', '80:5e:c0:00:07:02');
  expect(await choiceOf('80:5e:c0:00:07:02')).toEqual({ chosen: '0a420001', isOffered: true });
  await tells(`${theirs} (unknown, gone`);
  expect(await office.status()).not.toContain('no address is offered');
});

test('one that comes later is told of, and stops nothing', async () => {
  await startRogue();
  await tells(
    `an unknown DHCP server (${theirs}) answers on eth0: turn it off`,
    `${theirs} (unknown, answers`,
  );
  await boot('dhcpcd', '80:5e:c0:00:07:03');
  const isOffered = await until(
    'our offer',
    async () => (await choiceOf('80:5e:c0:00:07:03')).isOffered || undefined,
    { timeoutMs: 10_000, everyMs: 300 },
  );
  expect(isOffered).toBe(true);
});
