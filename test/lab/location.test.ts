/** Phones found on a real switch: lldpd and snmpd answer, tcpdump listens, and the switch's own lldpcli is the judge. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Neighbor } from '../../appliance/store/neighbors.ts';
import { readNeighbors } from '../../appliance/store/neighbors.ts';
import type { Placement } from '../../appliance/store/placements.ts';
import { readPlacements } from '../../appliance/store/placements.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { readReport } from '../../appliance/store/telemetry.ts';
import { until, type Running } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { openSite, type Site } from '../support/site.ts';
import { startLldpd, startSwitch, type Device, type ManagedSwitch, snmpUser } from '../support/switch.ts';

const phones = [
  { name: 'yealink', mac: '00:15:65:66:00:11', port: 1, ip: '10.66.0.111' },
  { name: 'poly', mac: '64:16:7f:66:00:12', port: 2, ip: '10.66.0.112' },
] as const;
const [yealink, poly] = phones;
const rooms = [1, 2, 3].map((port) => `Building 2, floor 3, room 30${port}`);

let lab: Lab;
let site: Site;
let managed: ManagedSwitch;
let box: Namespace;
let boxCable: Device;
let collector: Running;
const cables = new Map<string, Device>();

beforeAll(async () => {
  lab = openLab();
  managed = await startSwitch(lab, { ports: 5, address: '10.66.0.2', prefixLength: 24, name: 'access-1' });
  box = await lab.namespace('box');
  boxCable = await managed.cable({ namespace: box, card: 'eth0', mac: '02:66:00:00:00:01' });
  await box.exec(['ip', 'addr', 'add', '10.66.0.1/24', 'dev', 'eth0']);
  await managed.plug(boxCable, 5);
  for (const phone of phones) await plugPhone(phone);
  site = openSite(join(lab.directory, 'state'), { now: Date.now });
  for (const { mac, ip, name } of phones) await site.lease(mac, ip, { vendor: name });
  collector = startCollector();
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

async function plugPhone({ name, mac, port }: (typeof phones)[number]): Promise<void> {
  const namespace = await lab.namespace(name);
  const cable = await managed.cable({ namespace, card: 'eth0', mac });
  cables.set(mac, cable);
  await managed.plug(cable, port);
  await startLldpd(namespace, join(lab.directory, name), {
    flags: ['-M', '3', '-I', 'eth0', '-C', 'eth0'],
    commands: [`configure inventory manufacturer ${name}`, 'configure inventory model lab'],
  });
}

function startCollector(card = 'eth0', isManaged = true): Running {
  const file = join(lab.directory, 'gatehouse.toml');
  const entries = rooms.map(
    (room, at) =>
      `[[location.wiremap]]\nchassis = "${managed.chassis.replaceAll(':', '-').toUpperCase()}"\nport = "port${at + 1}"\nplace = "${room}"\n`,
  );
  writeFileSync(
    file,
    `[site]
address = "10.66.0.1"
state_directory = "${join(lab.directory, 'state')}"
posture = "assist"
[location]
interface = "${card}"
poll_seconds = 2
${isManaged ? switchTable() : ''}
${entries.join('')}
[[location.wiremap]]
subnet = "10.66.0.0/24"
place = "Building 2"
`,
  );
  return box.start(
    [
      process.execPath,
      join(import.meta.dirname, '../../appliance/main.ts'),
      'run',
      'location',
      '--config',
      file,
    ],
    {
      logFile: join(lab.directory, 'box.log'),
    },
  );
}

function switchTable(): string {
  return `[[location.switch]]
name = "access-1"
address = "10.66.0.2"
user = "${snmpUser}"
secret_file = "${managed.secretFile}"`;
}

function placementOf(mac: string): Placement | undefined {
  using reader = openReader(site.directory, 'location');
  return reader && readPlacements(reader.db).find((placement) => placement.mac === mac);
}

function neighbors(): Neighbor[] {
  using reader = openReader(site.directory, 'location');
  return reader === undefined ? [] : readNeighbors(reader.db, Date.now());
}

function journal(kind: string, mac?: string): Record<string, unknown>[] {
  using reader = openReader(site.directory, 'location');
  const rows = reader?.journalAfter(0, 5000) ?? [];
  return rows.flatMap((row) =>
    'seq' in row && row.kind === kind && (mac === undefined || row.mac === mac)
      ? [JSON.parse(row.body) as Record<string, unknown>]
      : [],
  );
}

/** The port on which the switch itself, by lldpcli, has this phone now. */
async function switchSays(mac: string): Promise<string[]> {
  const found = await managed.neighbors();
  return found
    .filter(({ chassis, portId, port }) => (chassis === mac || portId === mac) && port !== 'br0')
    .map(({ port }) => port);
}

const patience = { timeoutMs: 30_000, everyMs: 100, lastSeen: () => collector.lastWords() };

it("a phone's place is that of the port on which the switch's own lldpcli reports it", async () => {
  for (const { mac, port } of phones) {
    const placed = await until(`${mac} on its port`, () => onPort(mac, `port${port}`), patience);
    expect(await switchSays(mac)).toEqual([placed.port]);
    expect(placed).toMatchObject({
      chassis: managed.chassis,
      place: rooms[port - 1],
      matched: 'port',
      source: 'snmp',
      switchName: 'access-1',
    });
  }
});

it('a phone moved to another port changes its place by itself, and the journal tells from where', async () => {
  const cable = cables.get(poly.mac);
  if (cable === undefined) throw new Error('no cable');
  await managed.plug(cable, 3);
  const heard = await until(
    'the switch to hear it there',
    async () => (await switchSays(poly.mac)).includes('port3') || undefined,
    patience,
  );
  expect(heard).toBe(true);
  await until('its new place', () => onPort(poly.mac, 'port3'), patience);
  expect(placementOf(poly.mac)?.place).toBe(rooms[2]);
  expect(journal('moved', poly.mac).at(-1)).toMatchObject({
    from_port: 'port2',
    from_place: rooms[1],
    port: 'port3',
    place: rooms[2],
  });
});

it('the box knows on which port of which switch it hangs itself, from its own card, and no phone is placed by that', async () => {
  const [uplink, ...others] = await until(
    'the switch on the own card',
    () => (neighbors().some(({ isBridge }) => isBridge) ? neighbors() : undefined),
    patience,
  );
  expect(others).toEqual([]);
  expect(uplink).toMatchObject({
    chassis: managed.chassis,
    port: 'port5',
    systemName: 'access-1',
    isPhone: false,
  });
  expect(placementOf('02:66:00:00:00:01')).toBeUndefined();
});

it('after a kill -9 placements are there at once and stay while the switch is asked anew', async () => {
  const before = journal('placed').length;
  collector.kill('SIGKILL');
  await collector.exited;
  expect(placementOf(yealink.mac)?.port).toBe('port1');
  collector = startCollector();
  await until(
    'a walk after the restart',
    () => (readReport(site.directory, 'location')?.counters['walks'] ?? 0) >= 2 || undefined,
    patience,
  );
  expect(placementOf(yealink.mac)?.port).toBe('port1');
  expect(journal('placed').length).toBe(before);
  expect(journal('unplaced', yealink.mac)).toEqual([]);
});

it('a card that loses its link, or is taken away, is told in the health and listened to again when it is back', async () => {
  await managed.unplug(boxCable);
  expect(await until('the missing link in the health', () => healthSays(/no link on eth0/), patience)).toBe(
    true,
  );
  await managed.plug(boxCable, 5);
  await until('a good health again', () => healthSays(undefined), { ...patience, timeoutMs: 60_000 });
  await box.exec(['ip', 'link', 'add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1']);
  for (const card of ['spare0', 'spare1']) await box.exec(['ip', 'link', 'set', card, 'up']);
  collector.kill('SIGKILL');
  await collector.exited;
  collector = startCollector('spare0');
  await until('listening on the other card', () => healthSays(undefined), patience);
  await box.exec(['ip', 'link', 'del', 'spare0']);
  expect(await until('the missing card', () => healthSays(/there is no card spare0/), patience)).toBe(true);
  await box.exec(['ip', 'link', 'add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1']);
  await box.exec(['ip', 'link', 'set', 'spare1', 'up']);
  await box.exec(['ip', 'link', 'set', 'spare0', 'up']);
  await until('a good health again', () => healthSays(undefined), { ...patience, timeoutMs: 60_000 });
});

it('a switch that does not answer is named in the health, and its phones keep their last port', async () => {
  await managed.namespace.exec(['ip', 'addr', 'del', '10.66.0.2/24', 'dev', 'br0']);
  await until('the switch in the health', () => healthSays(/access-1.*does not answer/), patience);
  expect(placementOf(yealink.mac)?.port).toBe('port1');
  await managed.namespace.exec(['ip', 'addr', 'add', '10.66.0.2/24', 'dev', 'br0']);
  await until('a good health again', () => healthSays(undefined), { ...patience, timeoutMs: 60_000 });
});

it("on an unmanaged switch the phones' own LLDP puts them behind the box's port, as hearsay", async () => {
  const forward = (mask: string) =>
    managed.namespace.exec(['sh', '-c', `echo ${mask} > /sys/class/net/br0/bridge/group_fwd_mask`]);
  collector.kill('SIGKILL');
  await collector.exited;
  await forward('0x4000');
  collector = startCollector('eth0', false);
  const placed = await until('the phone on the own wire', () => onPort(yealink.mac, 'port5'), patience);
  expect(placed).toMatchObject({
    source: 'lldp',
    chassis: managed.chassis,
    place: 'Building 2',
    matched: 'subnet',
  });
  // Each phone speaks when its own timer says so.
  for (const { mac } of phones) {
    await until(`${mac} among the neighbours`, () => neighbors().find((one) => one.mac === mac), patience);
  }
  await forward('0');
  collector.kill('SIGKILL');
  await collector.exited;
  collector = startCollector();
  await until('its own port again', () => onPort(yealink.mac, 'port1'), patience);
});

it('a phone that is unplugged is on no port when the switch has forgotten it', async () => {
  const cable = cables.get(yealink.mac);
  if (cable === undefined) throw new Error('no cable');
  await managed.unplug(cable);
  const left = await until(
    'its port to be forgotten',
    () => {
      const placement = placementOf(yealink.mac);
      return placement?.port === undefined ? placement : undefined;
    },
    { ...patience, timeoutMs: 90_000 },
  );
  expect(await switchSays(yealink.mac)).toEqual([]);
  expect(left).toMatchObject({ source: 'subnet', place: 'Building 2', matched: 'subnet' });
});

function onPort(mac: string, port: string): Placement | undefined {
  const placement = placementOf(mac);
  return placement?.port === port ? placement : undefined;
}

/** `undefined`: that all is well. A report of a process that is gone doesn't count. */
function healthSays(reason: RegExp | undefined): true | undefined {
  const report = readReport(site.directory, 'location');
  if (report === undefined || Date.now() - report.at > 3000) return undefined;
  const isSaid =
    reason === undefined ? report.health.state === 'ok' : reason.test(report.health.reason ?? '');
  return isSaid || undefined;
}
