/** Real DHCP clients on a bad network; what counts is what was on the wire and what the clients made of it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCapture } from '../support/capture.ts';
import { until, words, type Running } from '../support/command.ts';
import {
  readClientLease,
  releaseLease,
  startDhcpClient,
  type DhcpClientName,
} from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, portOf, readPackets, type DhcpOffice } from './dhcp-office.ts';

interface Phone {
  readonly client: DhcpClientName;
  readonly mac: string;
  readonly namespace: Namespace;
  readonly directory: string;
  running?: Running;
}

const kinds: readonly DhcpClientName[] = ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'];
const clients = [...kinds, ...kinds];
const phones: Phone[] = [];
let office: DhcpOffice;
let box: Running;

beforeAll(async () => {
  office = await openDhcpOffice();
  for (const [at, client] of clients.entries()) {
    const mac = `80:5e:c0:00:03:0${at}`;
    const namespace = await office.phone(`phone${at}`, mac);
    const directory = join(office.lab.directory, `phone${at}`);
    phones.push({ client, mac, namespace, directory });
  }
  box = await office.startBox({ leaseSeconds: 16 });
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
});

const powerOn = (phone: Phone) => {
  const { namespace, client, directory } = phone;
  for (const name of ['told', 'netif']) rmSync(join(directory, name), { recursive: true, force: true });
  phone.running = startDhcpClient(namespace, { client, card: 'eth0', directory });
};

const giveBack = async ({ running, ...phone }: Phone) => {
  if (running === undefined) throw new Error(`${phone.client} is off`);
  await releaseLease(phone.namespace, { ...phone, card: 'eth0', server: '10.66.0.1' }, running);
};

const addressOf = ({ directory }: Phone) => readClientLease(directory)?.ip;

const hasAddress = async (phone: Phone) =>
  await until(`an address of ${phone.client}`, () => addressOf(phone), {
    timeoutMs: 60_000,
    lastSeen: () => phone.running?.lastWords() ?? '',
  });

const seen = async (what: string, filter: string, count = 1) =>
  await until(
    what,
    async () => {
      const packets = await office.packets(filter);
      return packets.length >= count ? packets : undefined;
    },
    { timeoutMs: 60_000, everyMs: 500, lastSeen: () => filter },
  );

/** Makes the switch send every message twice. */
async function doubleMessages() {
  const box = portOf(office.box);
  const ports = phones.map(({ namespace }) => portOf(namespace));
  const asked = ports.map(
    (port, at) => `chain phone${at} {
  type filter hook ingress device "${port}" priority 0;
  udp dport 67 dup to "${box}"
}`,
  );
  const answers = ports.map((port) => `udp dport 68 dup to "${port}"`);
  await office.fabric.exec(words('nft -f -'), {
    input: `table netdev twice {
${asked.join('\n')}
chain box {
  type filter hook ingress device "${box}" priority 0;
  ${answers.join('\n  ')}
}
}`,
  });
}

const inFabric = (line: string) => office.fabric.exec(words(line));

/** Puts a bad line between the phones and the switch that the box is plugged into. */
async function makeLineBad(): Promise<Running> {
  await inFabric('ip link add br1 type bridge');
  await inFabric('ip link set br1 up');
  for (const [end, bridge] of [
    ['phones', 'br1'],
    ['box', 'br0'],
  ] as const) {
    await inFabric(`ip link add line-${end} type veth peer name plug-${end}`);
    await inFabric(`ip link set plug-${end} master ${bridge} up`);
    await inFabric(`ip link set line-${end} up`);
  }
  const line = office.fabric.start([
    'perl',
    join(import.meta.dirname, '../support/bad-wire.pl'),
    'line-phones',
    'line-box',
  ]);
  const isReady = () => line.lastWords().includes('ready') || undefined;
  await until('the line', isReady, { timeoutMs: 5000, lastSeen: line.lastWords, hopeless: line.hasExited });
  for (const { namespace } of phones) await inFabric(`ip link set ${portOf(namespace)} master br1`);
  return line;
}

async function makeLineGood(line: Running) {
  for (const { namespace } of phones) await inFabric(`ip link set ${portOf(namespace)} master br0`);
  await line[Symbol.asyncDispose]();
}

/** What phones asked, in the order in which it passed there. */
const questions = async (file: string) =>
  (await readPackets(file, 'udp.dstport == 67')).map(({ mac, type, xid }) => `${mac} ${type} ${xid}`);

/** The second has all of the first, in its order. */
function isInOrder(some: readonly string[], all: readonly string[]): boolean {
  let at = -1;
  return some.every((one) => (at = all.indexOf(one, at + 1)) >= 0);
}

async function powerOff({ running }: Phone) {
  running?.kill('SIGKILL');
  await running?.exited;
}

/** Each phone with each address that the box promised it. */
async function promises() {
  const acks = await office.packets('dhcp.option.dhcp == 5');
  return new Set(acks.map(({ mac, yourAddress }) => `${mac} ${yourAddress}`));
}

test('where a fifth is lost and the rest comes out of order every phone gets an address, and none is given twice', async () => {
  const line = await makeLineBad();
  const file = join(office.lab.directory, 'phones.pcap');
  await using _capture = await startCapture(office.fabric, { card: 'line-phones', file, filter: 'udp' });
  for (const phone of phones) powerOn(phone);
  const addresses = await Promise.all(phones.map(hasAddress));
  expect(new Set(addresses).size).toBe(phones.length);
  expect((await promises()).size).toBe(phones.length);

  // In this order: phones renew meanwhile, and what came was sent before.
  const came = await questions(office.capture.file);
  const sent = await questions(file);
  await makeLineGood(line);
  expect(came.length).toBeLessThan(sent.length);
  expect(isInOrder(came, sent)).toBe(false);
});

test('where every message comes twice, phones that are switched on again get what they had', async () => {
  const before = await Promise.all(phones.map(hasAddress));
  await doubleMessages();
  await Promise.all(phones.map(powerOff));
  for (const phone of phones) powerOn(phone);
  expect(await Promise.all(phones.map(hasAddress))).toEqual(before);
  expect((await promises()).size).toBe(phones.length);
  await office.fabric.exec(words('nft delete table netdev twice'));
});

/** How many ACKs each phone got so far. */
async function ackCounts() {
  const acks = await office.packets('dhcp.option.dhcp == 5');
  return phones.map(({ mac }) => acks.filter((ack) => ack.mac === mac).length);
}

test('a kill -9 of the box while phones renew takes no address from any', async () => {
  const before = await Promise.all(phones.map(hasAddress));
  const earlier = await ackCounts();
  box.kill('SIGKILL');
  await box.exited;
  // udhcpc renews no sooner than after 15 s: it is told to.
  for (const { client, running } of phones) if (client === 'udhcpc') running?.kill('SIGUSR1');
  box = await office.startBox({ leaseSeconds: 16 });
  const renewed = async () =>
    (await ackCounts()).every((count, at) => count > (earlier[at] ?? 0)) || undefined;
  await until('renewals by all', renewed, { timeoutMs: 60_000, everyMs: 300 });
  expect(phones.map(addressOf)).toEqual(before);
  expect(await office.packets('dhcp.option.dhcp == 6')).toEqual([]);
});

const full = 'every address of dhcp.pool is taken';

/** The part writes down each second how it is. */
async function tells(isSo: (status: string) => boolean) {
  let told = '';
  const asked = async () => isSo((told = await office.status())) || undefined;
  await until('the status', asked, { timeoutMs: 10_000, everyMs: 300, lastSeen: () => told });
}

test('a phone that finds the pool full keeps asking, and gets the address that another gives back; the status tells', async () => {
  await Promise.all(phones.map(async ({ running }) => await running?.[Symbol.asyncDispose]()));
  await box[Symbol.asyncDispose]();
  const stateDirectory = join(office.lab.directory, 'full');
  box = await office.startBox({ stateDirectory, pool: ['10.66.0.200', '10.66.0.200'] });
  const [first, second] = phones.map((phone) => ({ ...phone, directory: `${phone.directory}-full` }));
  if (first === undefined || second === undefined) throw new Error('no phones');
  powerOn(first);
  expect(await hasAddress(first)).toBe('10.66.0.200');
  const discover = `dhcp.option.dhcp == 1 && dhcp.hw.mac_addr == ${second.mac}`;
  const earlier = (await office.packets(discover)).length;
  powerOn(second);
  await seen('asking again', discover, earlier + 3);
  expect(addressOf(second)).toBeUndefined();
  expect(await office.status()).toContain('Addresses of 10.66.0.0/24: 1 of 1 leased');
  await tells((status) => status.includes(full));
  await giveBack(first);
  expect(await hasAddress(second)).toBe('10.66.0.200');
  await giveBack(second);
  await tells((status) => !status.includes(full) && status.includes('0 of 1 leased'));
});
