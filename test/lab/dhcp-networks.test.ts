/** Several networks served by one box: on two cards, and behind a real relay with two networks of clients, which says where they are. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPlacements, type Placement } from '../../appliance/store/placements.ts';
import { readLeases } from '../../appliance/store/leases.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { startCapture } from '../support/capture.ts';
import { until, words, type Running } from '../support/command.ts';
import { readClientLease, startDhcpClient, type DhcpClientName } from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import {
  addressHex,
  asText,
  openDhcpOffice,
  readPackets,
  type DhcpOffice,
  type WirePacket,
} from './dhcp-office.ts';

interface Place {
  readonly client: DhcpClientName;
  readonly mac: string;
  /** The first three numbers of its network. */
  readonly net: string;
}

const onCards: readonly Place[] = [
  { client: 'udhcpc', mac: '80:5e:c0:00:06:01', net: '10.66.0' },
  { client: 'dhclient', mac: '80:5e:c0:00:06:02', net: '10.67.0' },
];
const behindRelay: readonly Place[] = [
  { client: 'udhcpc', mac: '80:5e:c0:00:06:11', net: '10.70.1' },
  { client: 'dhclient', mac: '80:5e:c0:00:06:12', net: '10.70.1' },
  { client: 'dhcpcd', mac: '80:5e:c0:00:06:21', net: '10.70.2' },
  { client: 'networkd', mac: '80:5e:c0:00:06:22', net: '10.70.2' },
];
/** The relay's card on each of its networks. */
const relayCards = { '10.70.1': 'lan1', '10.70.2': 'lan2' } as Readonly<Record<string, string>>;

const network = (net: string, rest = '') => `[[dhcp.network]]
subnet = "${net}.0/24"
pools = [["${net}.100", "${net}.199"]]
routers = ["${net}.1"]
${rest}`;

/** dhcrelay has its card's name for the circuit, and no remote-id. */
const places = Object.entries(relayCards).map(
  ([net, card]) => `[[location.option_82]]
relay = "${net}.1"
[[location.wiremap]]
chassis = "${net}.1"
port = "${card}"
place = "Room ${card}"
`,
);
const building = '[[location.wiremap]]\nsubnet = "10.66.0.0/24"\nplace = "Building 2"';

const settings = [
  network('10.67.0', 'interface = "eth1"'),
  ...Object.keys(relayCards).map((net) => network(net)),
  ...places,
  building,
];

let office: DhcpOffice;
let relay: Namespace;
let dhcrelay: Running;
const clients = new Map<string, Running>();
/** Of clients behind the relay, by MAC. */
const cabled = new Map<string, Namespace>();

const directoryOf = ({ mac }: Place) => join(office.lab.directory, mac.replaceAll(':', ''));

const powerOn = (place: Place, namespace: Namespace) => {
  const directory = directoryOf(place);
  clients.set(place.mac, startDhcpClient(namespace, { client: place.client, card: 'eth0', directory }));
};

/** Cards with these addresses, up. */
async function address(namespace: Namespace, cards: Readonly<Record<string, string>>) {
  for (const [card, ip] of Object.entries(cards)) {
    await namespace.exec(words(`ip addr add ${ip}/24 dev ${card}`));
    await namespace.exec(words(`ip link set ${card} up`));
  }
}

async function openSecondCard() {
  const [, far] = onCards as readonly [Place, Place];
  const namespace = await office.lab.namespace('far');
  await office.lab.wire({ namespace: office.box, card: 'eth1' }, { namespace, card: 'eth0', mac: far.mac });
  await address(office.box, { eth1: '10.67.0.1' });
  await namespace.exec(words('ip link set eth0 up'));
  return namespace;
}

async function openRelay() {
  relay = await office.phone('relay', '02:00:00:00:06:99');
  await relay.exec(words('sysctl -qw net.ipv4.ip_forward=1'));
  for (const card of Object.values(relayCards)) await relay.exec(words(`ip link add ${card} type bridge`));
  await address(relay, { eth0: '10.66.0.3', lan1: '10.70.1.1', lan2: '10.70.2.1' });
  await office.box.exec(words('ip route add 10.70.0.0/16 via 10.66.0.3'));
}

async function cableBehindRelay({ mac, net }: Pick<Place, 'mac' | 'net'>) {
  const port = `port${mac.slice(-2)}`;
  const namespace = await office.lab.namespace(port);
  await office.lab.wire({ namespace, card: 'eth0', mac }, { namespace: relay, card: port });
  await relay.exec(words(`ip link set ${port} master ${relayCards[net]} up`));
  await namespace.exec(words('ip link set eth0 up'));
  cabled.set(mac, namespace);
  return namespace;
}

const powerOnBehindRelay = async (place: Place) => powerOn(place, await cableBehindRelay(place));

/** A client that says itself, by option 82, that it is on this circuit of that relay. */
function powerOnLiar(namespace: Namespace, circuit: string): Running {
  const text = Buffer.from(circuit).toString('hex');
  const option = `0x52:01${circuit.length.toString(16).padStart(2, '0')}${text}`;
  return namespace.start(words(`udhcpc -f -i eth0 -t 5 -T 1 -A 2 -s /bin/true -x ${option}`));
}

function startLocation(): Running {
  const config = join(office.lab.directory, 'gatehouse.toml');
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  return office.box.start([process.execPath, main, 'run', 'location', '--config', config], {
    logFile: join(office.lab.directory, 'location.log'),
  });
}

function placementOf(mac: string): Placement | undefined {
  using reader = openReader(join(office.lab.directory, 'state'), 'location');
  return reader && readPlacements(reader.db).find((placement) => placement.mac === mac);
}

const placed = async (mac: string, place: string) =>
  await until(
    `${mac} in ${place}`,
    () => {
      const placement = placementOf(mac);
      return placement?.place === place ? placement : undefined;
    },
    { timeoutMs: 30_000, everyMs: 100, lastSeen: () => JSON.stringify(placementOf(mac)) },
  );

/** `upstream` is the option for the card that leads to the server. */
async function startRelay(upstream: string) {
  const cards = words(`-id lan1 -id lan2 ${upstream} eth0`);
  // What clients make it say may follow at once and push this out of its last words.
  let listens = false;
  const onLine = (line: string) => {
    listens ||= line.startsWith('Sending on   Socket');
  };
  const command = ['dhcrelay', '-4', '-d', '--no-pid', '-a', ...cards, '10.66.0.1'];
  dhcrelay = relay.start(command, { onLine, errorsAreLines: true });
  await until('dhcrelay', () => listens || undefined, { timeoutMs: 10_000, lastSeen: dhcrelay.lastWords });
}

const fileOf = (card: string) => join(office.lab.directory, `${card}.pcap`);

beforeAll(async () => {
  office = await openDhcpOffice();
  const [near, far] = onCards as readonly [Place, Place];
  const farNamespace = await openSecondCard();
  await openRelay();
  for (const card of Object.values(relayCards))
    await startCapture(relay, { card, file: fileOf(card), filter: 'udp' });
  await startCapture(office.box, { card: 'eth1', file: fileOf('eth1'), filter: 'udp' });
  await startRelay('-iu');
  await office.startBox({ leaseSeconds: 16, sockets: ['dhcp=eth1:udp:67'], more: settings.join('\n') });
  powerOn(near, await office.phone('near', near.mac));
  powerOn(far, farNamespace);
  for (const place of behindRelay) await powerOnBehindRelay(place);
});

afterAll(() => office[Symbol.asyncDispose]());

const leaseOf = async (place: Place) =>
  await until('a lease', () => readClientLease(directoryOf(place)), {
    timeoutMs: 30_000,
    lastSeen: () => clients.get(place.mac)?.lastWords() ?? '',
  });

const macsIn = (packets: readonly WirePacket[]) => new Set(packets.map(({ mac }) => mac));

test('a client on each of two cards gets an address of its own network, and nothing of it is heard on the other', async () => {
  const [near, far] = onCards as readonly [Place, Place];
  for (const place of onCards) expect((await leaseOf(place)).ip).toMatch(`${place.net}.1`);
  const [ack] = await readPackets(fileOf('eth1'), 'dhcp.option.dhcp == 5');
  expect(ack?.options.get(3)).toBe(addressHex('10.67.0.1'));
  expect(macsIn(await readPackets(fileOf('eth1'), 'dhcp'))).toEqual(new Set([far.mac]));
  const onFirst = macsIn(await office.packets('dhcp'));
  expect([onFirst.has(near.mac), onFirst.has(far.mac)]).toEqual([true, false]);
});

test('a phone that is carried to another network is told no at once, and gets an address there', async () => {
  const [, far] = onCards as readonly [Place, Place];
  const { ip } = await leaseOf(far);
  // It writes a lease down at most every 15 s, and knows none that ended since: this is its first.
  clients.get(far.mac)?.kill('SIGKILL');
  await clients.get(far.mac)?.exited;
  rmSync(join(directoryOf(far), 'told'));
  powerOn(far, await office.phone('carried', far.mac));
  expect((await leaseOf(far)).ip).toMatch('10.66.0.1');
  const said = await office.packets(`dhcp.hw.mac_addr == ${far.mac}`);
  expect(said[0]?.options.get(50)).toBe(addressHex(ip));
  // A NAK before its first DISCOVER.
  const types = said.map(({ type }) => type);
  expect(types.slice(0, types.indexOf(1))).toContain(6);
});

test('clients of two networks behind dhcrelay get an address of theirs, and the relay gets its option 82 back', async () => {
  for (const place of behindRelay) {
    const { ip } = await leaseOf(place);
    expect(ip).toMatch(`${place.net}.1`);
    const giaddr = `${place.net}.1`;
    const all = await office.packets(`dhcp.hw.mac_addr == ${place.mac} && dhcp.ip.relay == ${giaddr}`);
    const [asked, offer] = [1, 2].map((type) => all.find((packet) => packet.type === type));
    expect(offer).toMatchObject({ from: '10.66.0.1', to: giaddr });
    expect(asText(asked?.options.get(82))).toContain(relayCards[place.net]);
    const answers = all.filter(({ from }) => from === '10.66.0.1');
    expect(answers.length).toBeGreaterThan(1);
    for (const { options } of answers) expect(options.get(82)).toBe(asked?.options.get(82));

    const heard = await readPackets(
      fileOf(relayCards[place.net] ?? ''),
      `dhcp.hw.mac_addr == ${place.mac} && dhcp.option.dhcp == 5`,
    );
    expect(heard[0]).toMatchObject({ yourAddress: ip });
    expect(heard[0]?.options.has(82)).toBe(false);
  }
});

test('behind the relay each renews by unicast past it, and its place stays known', async () => {
  const renewed = async () => {
    const acks = await office.packets('dhcp.option.dhcp == 5 && dhcp.ip.relay == 0.0.0.0');
    return behindRelay.every(({ mac }) => acks.some((ack) => ack.mac === mac)) ? acks : undefined;
  };
  const acks = await until('renewals by all', renewed, { timeoutMs: 60_000, everyMs: 500 });
  for (const place of behindRelay) {
    const { ip } = await leaseOf(place);
    expect(acks.find(({ mac }) => mac === place.mac)).toMatchObject({ to: ip, clientAddress: ip });
  }
  using reader = openReader(join(office.lab.directory, 'state'), 'dhcp');
  const circuits = new Map(
    reader && readLeases(reader.db).map(({ mac, circuitId }) => [mac, circuitId?.text]),
  );
  for (const { mac, net } of behindRelay) expect(circuits.get(mac)).toBe(relayCards[net]);
});

test('location puts each phone behind the relay where the relay says, and on renewals it stays there', async () => {
  startLocation();
  for (const { mac, net } of behindRelay) {
    const card = relayCards[net];
    expect(await placed(mac, `Room ${card}`)).toMatchObject({
      source: 'option82',
      matched: 'port',
      chassis: `${net}.1`,
      port: card,
    });
  }
});

test('a phone that writes option 82 itself is placed by nobody who believes it: beside the box, and behind the relay', async () => {
  const beside = '80:5e:c0:00:06:41';
  powerOnLiar(await office.phone('liar', beside), 'lan1');
  expect(await placed(beside, 'Building 2')).toMatchObject({ source: 'subnet' });
  const behind = { mac: '80:5e:c0:00:06:42', net: '10.70.2' };
  powerOnLiar(await cableBehindRelay(behind), 'lan1');
  expect(await placed(behind.mac, 'Room lan2')).toMatchObject({ source: 'option82', port: 'lan2' });
  using reader = openReader(join(office.lab.directory, 'state'), 'dhcp');
  const told = reader && readLeases(reader.db).find(({ mac }) => mac === beside);
  expect(told?.circuitId?.text).toBe('lan1');
});

test('a phone behind the relay that is carried elsewhere is placed there, though its former lease goes on', async () => {
  const [carried] = behindRelay as readonly [Place];
  clients.get(carried.mac)?.kill('SIGKILL');
  await clients.get(carried.mac)?.exited;
  await relay.exec(words('ip link set port11 master lan2'));
  powerOn(carried, cabled.get(carried.mac) as Namespace);
  expect(await placed(carried.mac, 'Room lan2')).toMatchObject({ source: 'option82', port: 'lan2' });
});

test('a relay that speaks from its address on our side names the network by link selection, which is obeyed', async () => {
  await dhcrelay[Symbol.asyncDispose]();
  await startRelay('-U');
  const late = { client: 'udhcpc', mac: '80:5e:c0:00:06:31', net: '10.70.2' } as const;
  await powerOnBehindRelay(late);
  expect((await leaseOf(late)).ip).toMatch('10.70.2.1');
  const [ack] = await office.packets(`dhcp.hw.mac_addr == ${late.mac} && dhcp.option.dhcp == 5`);
  expect(ack?.to).toBe('10.66.0.3');
  // RFC 3527: sub-option 5, four bytes.
  expect(ack?.options.get(82)).toContain('05040a460201');
});
