/** The whole part beside leases that relays and switches told more of: phones are placed by those that the settings name. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { readPlacements } from '../../../appliance/store/placements.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { saveRelayedLease, type RelayedLease } from '../../../appliance/store/relayed-leases.ts';
import type { Part } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { phone, placementIn, siteIn, startPart } from './location-part.ts';

const ip = '10.20.0.100';
const giaddr = parseIpv4('10.20.0.2');
/** VLAN 20, module 1, port 5 of a Cisco switch, and its MAC. */
const port5 = { circuit_id: '000400140105', remote_id: '0006001b54aa0001' };
const patience = { timeoutMs: 10_000, everyMs: 20 };

const server = `mode = "server"
subnet = "10.20.0.0/24"
pool = ["10.20.0.100", "10.20.0.199"]
[[location.option_82]]
relay = "10.20.0.2"
name = "first floor"`;

async function start(directory: string, dhcp = server): Promise<Part> {
  const config = parseConfig(`[site]
address = "10.20.0.1"
state_directory = "${directory}"
[dhcp]
${dhcp}
[[location.wiremap]]
chassis = "001b.54aa.0001"
port = "Gi1/0/3"
circuit_id = "000400140105"
place = "Room 301"
[[location.wiremap]]
chassis = "001b.54aa.0001"
place = "Floor 3"
[[location.wiremap]]
subnet = "10.20.0.0/24"
place = "Building 2"
`);
  return await startPart(config);
}

const placed = async (directory: string, place: string) =>
  await until(
    place,
    () => {
      const placement = placementIn(directory);
      return placement?.place === place ? placement : undefined;
    },
    { ...patience, lastSeen: () => JSON.stringify(placementIn(directory)) },
  );

it('a phone is where the relay that the settings name says, and moves when it does DHCP elsewhere', async () => {
  const directory = temporaryDirectory();
  const site = siteIn(directory);
  const lease = { vendor: 'yealink', giaddr };
  await site.lease(phone, ip, { ...lease, ...port5 });
  await start(directory);
  expect(await placed(directory, 'Room 301')).toMatchObject({
    source: 'option82',
    matched: 'port',
    switchName: 'first floor',
    chassis: '00:1b:54:aa:00:01',
    chassisId: '00-1B-54-AA-00-01',
    port: 'Gi1/0/3',
    ip,
  });
  await site.lease(phone, ip, { ...lease, ...port5, circuit_id: '000400140106' });
  expect(await placed(directory, 'Floor 3')).toMatchObject({ matched: 'chassis', port: '1/6' });
});

it('a phone that writes the option itself is where its subnet is', async () => {
  const directory = temporaryDirectory();
  await siteIn(directory).lease(phone, ip, { vendor: 'yealink', ...port5 });
  await start(directory);
  expect(await placed(directory, 'Building 2')).toMatchObject({ source: 'subnet' });
});

it('a phone whose later lease no relay vouches for is no longer where the former one was', async () => {
  const directory = temporaryDirectory();
  const site = siteIn(directory);
  const at = Date.now();
  await site.lease(phone, ip, { vendor: 'yealink', giaddr, ...port5, acked_at: at - 1000 });
  await site.lease(phone, '10.20.0.101', { vendor: 'yealink', acked_at: at });
  await start(directory);
  expect(await placed(directory, 'Building 2')).toMatchObject({ source: 'subnet', ip: '10.20.0.101' });
});

it('a phone that since registers from an address of another network is no longer where its lease was', async () => {
  const directory = temporaryDirectory();
  const site = siteIn(directory);
  await site.lease(phone, '10.20.0.101', {
    vendor: 'yealink',
    giaddr,
    ...port5,
    acked_at: Date.now() - 1000,
  });
  await site.binding(phone, ip);
  await start(directory);
  expect(await placed(directory, 'Building 2')).toMatchObject({ source: 'subnet', ip });
});

it('a computer is not placed', async () => {
  const directory = temporaryDirectory();
  const site = siteIn(directory);
  await site.lease('02:00:00:00:00:55', '10.20.0.101', { giaddr, ...port5 });
  await site.lease(phone, ip, { vendor: 'yealink', giaddr, ...port5 });
  await start(directory);
  await placed(directory, 'Room 301');
  using reader = openReader(directory, 'location');
  expect(reader && readPlacements(reader.db).map(({ mac }) => mac)).toEqual([phone]);
});

it('a lease of another server that passed our relay counts by the remote-id of its switch', async () => {
  const directory = temporaryDirectory();
  const now = Date.now();
  const lease: RelayedLease = {
    mac: phone,
    ip: parseIpv4(ip),
    server: parseIpv4('10.9.0.1'),
    via: '10.9.0.1',
    circuitId: port5.circuit_id,
    remoteId: port5.remote_id,
    startedAt: now,
    ackedAt: now,
    expiresAt: now + 36e5,
    vendor: 'yealink',
    sent: {},
  };
  await siteIn(directory).write('dhcp', ({ db }) => saveRelayedLease(db, lease));
  await start(
    directory,
    `mode = "relay"
[dhcp.relay]
servers = ["10.9.0.1"]
trust_option_82 = true
[[location.option_82]]
remote_id = "00:1b:54:aa:00:01"`,
  );
  expect(await placed(directory, 'Room 301')).toMatchObject({ source: 'option82', port: 'Gi1/0/3' });
});

it('after a restart the place is there at once, and neither moved nor placed anew', async () => {
  const directory = temporaryDirectory();
  await siteIn(directory).lease(phone, ip, { vendor: 'yealink', giaddr, ...port5 });
  const first = await start(directory);
  const before = await placed(directory, 'Room 301');
  await first[Symbol.asyncDispose]();
  const second = await start(directory);
  // A second phone tells that it has looked.
  const other = '00:15:65:aa:bb:dd';
  await siteIn(directory).lease(other, '10.20.0.102', { vendor: 'yealink' });
  await until('a look', () => second.counters()['placed'] === 1 || undefined, patience);
  expect(second.counters()).toMatchObject({ moved: 0, unplaced: 0 });
  expect(placementIn(directory)).toEqual(before);
});
