/** Real DHCP clients on a bad network; what counts is what was on the wire and what the clients made of it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, words, type Running } from '../support/command.ts';
import { readClientLease, startDhcpClient, type DhcpClientName } from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, portOf, type DhcpOffice } from './dhcp-office.ts';

interface Phone {
  readonly client: DhcpClientName;
  readonly mac: string;
  readonly namespace: Namespace;
  readonly directory: string;
  running?: Running;
}

const clients: readonly DhcpClientName[] = ['udhcpc', 'dhclient', 'dhcpcd', 'udhcpc', 'dhclient', 'dhcpcd'];
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
  rmSync(join(directory, 'told'), { force: true });
  phone.running = startDhcpClient(namespace, { client, card: 'eth0', directory });
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

/** Loses every fifth message, each way. */
async function loseMessages() {
  await office.box.exec(words('nft -f -'), {
    input: `table inet loss {
chain in { type filter hook input priority 0; udp dport 67 numgen inc mod 5 0 counter drop; }
chain out { type filter hook output priority 0; udp sport 67 numgen inc mod 5 0 counter drop; }
}`,
  });
}

async function lostPackets() {
  const rules = await office.box.exec(words('nft list table inet loss'));
  return [...rules.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
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

test('where a fifth of all messages is lost every phone gets an address, and none is given twice', async () => {
  await loseMessages();
  for (const phone of phones) powerOn(phone);
  const addresses = await Promise.all(phones.map(hasAddress));
  expect(new Set(addresses).size).toBe(phones.length);
  expect((await promises()).size).toBe(phones.length);

  const lost = await lostPackets();
  expect(lost).toHaveLength(2);
  expect(Math.min(...lost)).toBeGreaterThan(0);
  await office.box.exec(words('nft delete table inet loss'));
});

test('where every message comes twice, phones that are switched on again get what they had', async () => {
  const before = phones.map(addressOf);
  await doubleMessages();
  await Promise.all(phones.map(powerOff));
  for (const phone of phones) powerOn(phone);
  expect(await Promise.all(phones.map(hasAddress))).toEqual(before);
  expect((await promises()).size).toBe(phones.length);
  await office.fabric.exec(words('nft delete table netdev twice'));
});

test('a kill -9 of the box while phones renew takes no address from any', async () => {
  const before = phones.map(addressOf);
  const acks = phones.map(({ mac }) => `dhcp.option.dhcp == 5 && dhcp.hw.mac_addr == ${mac}`);
  const earlier = await Promise.all(acks.map(async (filter) => (await office.packets(filter)).length));
  box.kill('SIGKILL');
  await box.exited;
  // udhcpc never takes a lease of less than a minute: it is told to renew.
  for (const { client, running } of phones) if (client === 'udhcpc') running?.kill('SIGUSR1');
  box = await office.startBox({ leaseSeconds: 16 });
  await Promise.all(acks.map((filter, at) => seen('a renewal', filter, (earlier[at] ?? 0) + 1)));
  expect(phones.map(addressOf)).toEqual(before);
  expect(await office.packets('dhcp.option.dhcp == 6')).toEqual([]);
});

test('a phone that finds the pool full keeps asking, and gets the address that another gives back', async () => {
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
  first.running?.kill('SIGUSR2');
  expect(await hasAddress(second)).toBe('10.66.0.200');
});
