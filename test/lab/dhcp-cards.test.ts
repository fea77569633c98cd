/** Phones on two cards, and a stray DHCP server on the second one's wire. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCapture, type Capture } from '../support/capture.ts';
import { until, words } from '../support/command.ts';
import { startForeignDhcp } from '../support/foreign-dhcp.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, readPackets, type DhcpOffice } from './dhcp-office.ts';

const strayAddress = '10.66.0.9';
const cards = [
  { card: 'eth0', mac: '02:00:00:00:01:01' },
  { card: 'eth1', mac: '02:00:00:00:01:02' },
] as const;
const dhcp = `mode = "server"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.199"]
routers = ["10.66.0.1"]
conflict_check = false
[[dhcp.network]]
interface = "eth1"
subnet = "10.66.1.0/24"
pools = [["10.66.1.100", "10.66.1.199"]]
routers = ["10.66.1.1"]`;

let office: DhcpOffice;
let stray: Namespace;
let onSecond: Capture;

beforeAll(async () => {
  office = await openDhcpOffice();
  const { box, lab } = office;
  stray = await lab.namespace('stray');
  await lab.wire({ namespace: box, card: 'eth1' }, { namespace: stray, card: 'eth0' });
  for (const { card, mac } of cards) await box.exec(['ip', 'link', 'set', card, 'address', mac, 'up']);
  await box.exec(['ip', 'addr', 'add', '10.66.1.1/24', 'dev', 'eth1']);
  await stray.exec(['ip', 'addr', 'add', `${strayAddress}/24`, 'dev', 'eth0']);
  await stray.exec(['ip', 'link', 'set', 'eth0', 'up']);
  const file = join(lab.directory, 'second.pcap');
  onSecond = await startCapture(stray, { card: 'eth0', file, filter: 'udp port 67 or udp port 68' });
  await startForeignDhcp(
    'kea',
    { namespace: stray, directory: join(lab.directory, 'kea') },
    '"valid-lifetime": 60',
  );
  const sockets = ['dhcp=eth1:udp:67', ...cards.map(({ card }) => `dhcp-client=${card}:udp:68`)];
  await office.startBox({ dhcp, sockets });
});

afterAll(async () => {
  await onSecond[Symbol.asyncDispose]();
  await office[Symbol.asyncDispose]();
});

const askedBy = (mac: string) => `dhcp.option.dhcp == 1 && dhcp.hw.mac_addr == ${mac}`;

test('each wire is asked under its own card, and the stray server is told with its card', async () => {
  const config = join(office.lab.directory, 'gatehouse.toml');
  const command = [process.execPath, 'appliance/main.ts', 'status', '--json', '--config', config];
  const servers = async () => {
    const { dhcp: seen } = JSON.parse(await office.box.exec(command, { anyExitCode: true })) as {
      dhcp: { servers: unknown[] };
    };
    return seen.servers.length > 0 ? seen.servers : undefined;
  };
  expect(await until('the watch', servers, { timeoutMs: 15_000, everyMs: 300 })).toMatchObject([
    { card: 'eth1', address: strayAddress, isPresent: true, isKnown: false },
  ]);
  const [first, second] = cards;
  expect(await office.packets(askedBy(first.mac))).not.toEqual([]);
  expect(await office.packets(askedBy(second.mac))).toEqual([]);
  expect(await readPackets(onSecond.file, askedBy(second.mac))).not.toEqual([]);
});

test('phones on the other wire get addresses, and those beside the stray server are offered none of ours', async () => {
  const ask = words('udhcpc -i eth0 -f -n -q -t 4 -T 1 -s /bin/true');
  const phone = await office.phone('phone', '80:5e:c0:00:00:01');
  await phone.exec(ask);
  const [ack] = await office.packets('dhcp.option.dhcp == 5');
  expect(ack).toMatchObject({ from: '10.66.0.1', mac: '80:5e:c0:00:00:01' });
  // It hears its own server no more than a phone on that wire would hear ours.
  await stray.exec(ask, { anyExitCode: true });
  expect(await readPackets(onSecond.file, 'dhcp.option.dhcp == 1')).not.toEqual([]);
  expect(await readPackets(onSecond.file, 'dhcp.option.dhcp == 2 && ip.src == 10.66.0.1')).toEqual([]);
  expect(await readPackets(onSecond.file, 'dhcp.option.dhcp == 2 && ip.src == 10.66.1.1')).toEqual([]);
});
