/** What DHCP clients do in the life of a lease, done by the real ones; test/README.md has the table. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, words, type Running } from '../support/command.ts';
import {
  reaches,
  readClientLease,
  releaseLease,
  startDhcpClient,
  type DhcpClientName,
} from '../support/dhcp-client.ts';
import { cover, type Namespace } from '../support/namespaces.ts';
import { addressHex, openDhcpOffice, portOf, type DhcpOffice, type WirePacket } from './dhcp-office.ts';

/** As the table in test/README.md calls them, and who can do it. */
const able = {
  'gets an address': ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'],
  'renews at T1': ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'],
  'rebinds at T2': ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'],
  'INIT-REBOOT': ['dhclient', 'dhcpcd', 'networkd'],
  declines: ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'],
  releases: ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'],
  INFORM: ['dhcpcd'],
} satisfies Record<string, DhcpClientName[]>;

interface Phone {
  readonly client: DhcpClientName;
  readonly mac: string;
  readonly namespace: Namespace;
  readonly directory: string;
  running: Running;
  /** What it got first, and has until it declines it. */
  ip: string;
}

const ours = '10.66.0.1';
const everybody = '255.255.255.255';
/** Option 53. */
const type = { request: 3, decline: 4, ack: 5, release: 7 } as const;
let office: DhcpOffice;
let phones: Phone[];
let informed: Running;

const powerOn = (place: Pick<Phone, 'client' | 'namespace' | 'directory'>, checksAddress = false) =>
  startDhcpClient(place.namespace, { ...place, card: 'eth0', checksAddress });

beforeAll(async () => {
  office = await openDhcpOffice();
  await office.startBox({ leaseSeconds: 16 });
  phones = await Promise.all(
    able['gets an address'].map(async (client, at) => {
      const mac = `80:5e:c0:00:05:0${at}`;
      const namespace = await office.phone(client, mac);
      const directory = join(office.lab.directory, client);
      const place = { client, mac, namespace, directory };
      return { ...place, running: powerOn(place), ip: '' };
    }),
  );
  const namespace = await office.phone('inform', '80:5e:c0:00:05:10');
  const command = words('dhcpcd -B -4 -c /bin/true --inform=10.66.0.50/24 eth0');
  informed = namespace.start(command, { prepare: [cover('/run'), cover('/var/lib/dhcpcd')] });
});

afterAll(() => office[Symbol.asyncDispose]());

interface Exchange {
  readonly phone: Phone;
  readonly asked: WirePacket;
  /** The box's ACK to it. */
  readonly ack: WirePacket;
}

/** For each phone that can do it: its last message that fits and was granted. */
async function eachIsGranted(
  what: keyof typeof able,
  fits: (packet: WirePacket, phone: Phone) => boolean,
): Promise<Exchange[]> {
  return await each(what, (packets, phone) => {
    const asked = packets.findLast((packet) => packet.mac === phone.mac && fits(packet, phone));
    if (asked === undefined) return undefined;
    // networkd keeps its number for what it asks later.
    const later = packets.slice(packets.indexOf(asked));
    const ack = later.find((packet) => packet.xid === asked.xid && packet.type === type.ack);
    return ack && { phone, asked, ack };
  });
}

/** One reading of the capture for all of them. */
async function each<T>(
  what: keyof typeof able,
  find: (packets: WirePacket[], phone: Phone) => T | undefined,
): Promise<T[]> {
  const names: readonly DhcpClientName[] = able[what];
  const wanted = phones.filter(({ client }) => names.includes(client));
  let missing = wanted;
  return await until(
    `each that ${what}`,
    async () => {
      const packets = await office.packets('dhcp');
      missing = wanted.filter((phone) => find(packets, phone) === undefined);
      return missing.length === 0 ? wanted.flatMap((phone) => find(packets, phone) ?? []) : undefined;
    },
    {
      timeoutMs: 60_000,
      everyMs: 300,
      lastSeen: () => missing.map(({ client, running }) => `${client}: ${running.lastWords()}`).join('\n'),
    },
  );
}

/** The part writes down each second how it is. */
async function tells(text: string) {
  let told = '';
  const isTold = async () => (told = await office.status()).includes(text) || undefined;
  await until('the status', isTold, { timeoutMs: 10_000, everyMs: 300, lastSeen: () => told });
}

const isRequest = (packet: WirePacket) => packet.type === type.request;

/** Of its own address, which is what tells RENEWING and REBINDING from the others (RFC 2131 table 4). */
const isExtension = (packet: WirePacket, { ip }: Phone) => isRequest(packet) && packet.clientAddress === ip;

const isRenewal = (packet: WirePacket, phone: Phone) => isExtension(packet, phone) && packet.to === ours;

const isRebinding = (packet: WirePacket, phone: Phone) =>
  isExtension(packet, phone) && packet.to === everybody;

const isReboot = (packet: WirePacket) =>
  isRequest(packet) && packet.clientAddress === '0.0.0.0' && !packet.options.has(54);

test('each gets an address, and its identifier back', async () => {
  for (const { phone, asked, ack } of await eachIsGranted('gets an address', isRequest)) {
    phone.ip = ack.yourAddress;
    const lease = await until('the lease', () => readClientLease(phone.directory), { timeoutMs: 10_000 });
    expect(lease.ip).toBe(phone.ip);
    expect(ack.options.get(61)).toBe(asked.options.get(61));
  }
  expect(new Set(phones.map(({ ip }) => ip)).size).toBe(phones.length);
});

test('dhcpcd with an address of its own is told the rest, without a lease', async () => {
  const ack = await until(
    'an answer',
    async () => (await office.packets('dhcp.option.dhcp == 5 && ip.dst == 10.66.0.50')).at(0),
    { timeoutMs: 20_000, everyMs: 300, lastSeen: informed.lastWords },
  );
  expect(ack).toMatchObject({ ethernetTo: '80:5e:c0:00:05:10', yourAddress: '0.0.0.0' });
  expect(ack.options.has(51)).toBe(false);
});

test('each renews by unicast at T1, and is answered so', async () => {
  for (const { phone, asked, ack } of await eachIsGranted('renews at T1', isRenewal)) {
    const { ip, mac } = phone;
    expect([asked.from, asked.options.has(50), asked.options.has(54)]).toEqual([ip, false, false]);
    expect(ack).toMatchObject({ ethernetTo: mac, from: ours, to: ip, yourAddress: ip });
  }
});

test('each rebinds by broadcast at T2 where the box does not hear its unicast', async () => {
  await office.box.exec(words('nft -f -'), {
    input: `table inet deaf {
chain in { type filter hook input priority 0; ip daddr ${ours} udp dport 67 drop; }
}`,
  });
  // udhcpc has no T2 and broadcasts when its renewals stay unanswered; it is told to begin, rather than waited for.
  phones.find(({ client }) => client === 'udhcpc')?.running.kill('SIGUSR1');
  for (const { phone, asked, ack } of await eachIsGranted('rebinds at T2', isRebinding)) {
    expect([asked.options.has(50), asked.options.has(54)]).toEqual([false, false]);
    expect(ack).toMatchObject({ to: phone.ip, yourAddress: phone.ip });
  }
  await office.box.exec(words('nft delete table inet deaf'));
});

/** From now on; what it was told is written after the lease that it remembers. */
async function hasRenewed({ client, directory, running }: Phone) {
  const toldAt = () => statSync(join(directory, 'told')).mtimeMs;
  const before = toldAt();
  const isLater = () => toldAt() > before || undefined;
  await until(`a renewal of ${client}`, isLater, { timeoutMs: 30_000, lastSeen: running.lastWords });
}

test('each that remembers asks for its old address after a restart, and gets it', async () => {
  const restarted = phones.filter(({ client }) => client === 'dhclient' || client === 'dhcpcd');
  for (const phone of restarted) {
    // On a slow machine a lease that is nearly over would end before the next start, which then remembers nothing.
    await hasRenewed(phone);
    phone.running.kill('SIGKILL');
    await phone.running.exited;
    phone.running = powerOn(phone);
  }
  // networkd remembers while its cable is out, and not when it is started again.
  for (const { namespace } of phones.filter(({ client }) => client === 'networkd')) {
    await office.fabric.exec(['ip', 'link', 'set', portOf(namespace), 'down']);
    const isDown = async () => (await namespace.exec(words('ip link show eth0'))).includes('NO-CARRIER');
    await until('no carrier', isDown, { timeoutMs: 5000 });
    await office.fabric.exec(['ip', 'link', 'set', portOf(namespace), 'up']);
  }
  for (const { phone, asked, ack } of await eachIsGranted('INIT-REBOOT', isReboot)) {
    expect(asked.options.get(50)).toBe(addressHex(phone.ip));
    expect(ack).toMatchObject({ to: everybody, yourAddress: phone.ip });
  }
});

/** networkd sends its DECLINE once, by unicast: only with the address on its card, which would leave it with the lease. */
async function keepAddress({ namespace, ip }: Phone) {
  await namespace.exec(words(`ip addr replace ${ip}/24 dev eth0 valid_lft forever preferred_lft forever`));
  await reaches(namespace, () => ip, ours);
}

test('each that finds somebody on its address declines it and gets another, and nobody gets that one', async () => {
  const squatter = await office.phone('squatter', '02:00:00:00:05:99');
  for (const phone of phones) {
    phone.running.kill('SIGKILL');
    await phone.running.exited;
    await (phone.client === 'networkd'
      ? keepAddress(phone)
      : phone.namespace.exec(words('ip addr flush dev eth0')));
    await squatter.exec(['ip', 'addr', 'add', `${phone.ip}/24`, 'dev', 'eth0']);
    phone.running = powerOn(phone, true);
  }
  const declined = await each('declines', (packets, phone) => {
    const own = packets.filter((packet) => packet.mac === phone.mac);
    const at = own.findIndex((packet) => packet.type === type.decline);
    const ack = own.find((packet) => packet.type === type.ack && packet.yourAddress !== phone.ip);
    return at >= 0 && ack ? { phone, ack, answers: own.slice(at) } : undefined;
  });
  const squatted = phones.map(({ ip }) => ip);
  for (const { phone, ack, answers } of declined) {
    for (const { yourAddress } of answers) expect(squatted).not.toContain(yourAddress);
    phone.ip = ack.yourAddress;
  }
  // One may be missing for a moment: udhcpc renews within the last second of its lease, or after it.
  await tells('4 of 100 leased, 4 set aside');
});

test('each gives its address back when told to', async () => {
  for (const phone of phones) {
    await until('the lease', () => readClientLease(phone.directory)?.ip === phone.ip || undefined, {
      timeoutMs: 20_000,
      lastSeen: phone.running.lastWords,
    });
    await releaseLease(phone.namespace, { ...phone, card: 'eth0', server: ours }, phone.running);
  }
  const releases = await each('releases', (packets, { ip }) =>
    packets.find((packet) => packet.type === type.release && packet.clientAddress === ip),
  );
  for (const { to } of releases) expect(to).toBe(ours);
  await tells('0 of 100 leased, 4 set aside');
});

test('the table in test/README.md says "yes" for these, and for no others', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const head = ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'] as const;
  for (const [what, names] of Object.entries(able)) {
    const row = readme.split('\n').find((line) => line.startsWith(`| ${what}`));
    const cells = row?.split('|').slice(2, 2 + head.length) ?? [];
    expect(head.filter((_, at) => cells[at]?.trim().startsWith('yes'))).toEqual(names);
  }
});
