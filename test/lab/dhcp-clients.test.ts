/** Real DHCP clients against the box; what counts is what was on the wire and what the clients made of it. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openReader } from '../../appliance/store/reader.ts';
import { readLeases } from '../../appliance/store/leases.ts';
import { until, type Running } from '../support/command.ts';
import {
  readClientLease,
  releaseLease,
  startDhcpClient,
  type DhcpClientName,
} from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import { asNumber, asText, openDhcpOffice, type DhcpOffice } from './dhcp-office.ts';

interface ClientCase {
  readonly vendor: string;
  readonly client: DhcpClientName;
  readonly mac: string;
  readonly vendorClass?: Uint8Array;
  readonly urlOption: number;
  readonly url: string;
}

const tenant = 'tenantid/11111111-2222-3333-4444-555555555555';
const cases: readonly ClientCase[] = [
  {
    vendor: 'Yealink phone',
    client: 'udhcpc',
    mac: '80:5e:c0:00:00:01',
    urlOption: 66,
    url: `http://10.66.0.1/${tenant}`,
  },
  {
    vendor: 'Cisco phone, whose class ends in NUL',
    client: 'dhclient',
    mac: '00:56:2b:00:00:02',
    vendorClass: Buffer.from('Cisco Systems, Inc. IP Phone CP-8841-3PCC\0'),
    urlOption: 160,
    url: `http://10.66.0.1/${tenant}/$PSN.xml`,
  },
  {
    vendor: 'Poly phone, whose class is binary',
    client: 'dhcpcd',
    mac: '64:16:7f:00:00:03',
    vendorClass: Buffer.from('0000363d0b0104506f6c79', 'hex'),
    urlOption: 160,
    url: `http://10.66.0.1/${tenant}`,
  },
];

let office: DhcpOffice;
let box: Running;
const phones = new Map<string, { namespace: Namespace; running: Running; directory: string }>();

beforeAll(async () => {
  office = await openDhcpOffice();
  box = await office.startBox({ leaseSeconds: 16 });
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
});

/** Hours from UTC, asked from the system's own `date`, not from the code under test. */
async function offsetSeconds(timeZone: string): Promise<number> {
  const text = await office.box.exec(['env', `TZ=${timeZone}`, 'date', '+%z']);
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d\d)(\d\d)/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}

function storedLeases() {
  using reader = openReader(join(office.lab.directory, 'state'), 'dhcp');
  if (reader === undefined) throw new Error('no database');
  return readLeases(reader.db);
}

function phoneOf(mac: string) {
  const phone = phones.get(mac);
  if (phone === undefined) throw new Error(`${mac} was not started`);
  return phone;
}

async function leaseOf(directory: string, running: Running) {
  return await until('a lease', () => readClientLease(directory), {
    timeoutMs: 20_000,
    lastSeen: running.lastWords,
  });
}

describe.each(cases)('$client as a $vendor', ({ client, mac, vendorClass, urlOption, url }) => {
  test('gets an address, and the provisioning URL, time server and offset on the wire', async () => {
    const namespace = await office.phone(client, mac);
    const directory = join(office.lab.directory, client);
    const running = startDhcpClient(namespace, {
      client,
      card: 'eth0',
      directory,
      ...(vendorClass && { vendorClass }),
    });
    phones.set(mac, { namespace, running, directory });
    const lease = await leaseOf(directory, running);

    const [ack] = await office.packets(`dhcp.hw.mac_addr == ${mac} && dhcp.option.dhcp == 5`);
    expect(ack).toMatchObject({
      ethernetTo: 'ff:ff:ff:ff:ff:ff',
      to: '255.255.255.255',
      yourAddress: lease.ip,
    });
    const options = ack?.options;
    expect(asText(options?.get(urlOption))).toBe(url);
    expect(options?.has(urlOption === 66 ? 160 : 66)).toBe(false);
    expect(options?.get(42)).toBe('0a420001');
    expect(asNumber(options?.get(2))).toBe(await offsetSeconds('America/New_York'));
    expect(options?.get(1)).toBe('ffffff00');
    expect(options?.get(3)).toBe('0a420001');
    expect(options?.get(6)).toBe('0a4200010a420002');
    expect([51, 58, 59].map((code) => asNumber(options?.get(code)))).toEqual([16, 8, 14]);
    expect(lease.ntpServers).toEqual(['10.66.0.1']);
    expect(lease.timeOffset).toBe(await offsetSeconds('America/New_York'));
    // udhcpc takes option 66 for a host name and shows a URL as bad: that is the client's, the wire has it. dhclient escapes
    // what a shell would expand.
    const shown = urlOption === 66 ? 'bad' : url;
    expect((lease.provisioningUrl ?? lease.tftpServerName)?.replace('\\$', '$')).toBe(shown);
  });

  test('renews by unicast and is answered by unicast', async () => {
    const { running } = phoneOf(mac);
    const ip = readClientLease(phoneOf(mac).directory)?.ip ?? '';
    // udhcpc renews no sooner than after 15 s: it is told to.
    if (client === 'udhcpc') running.kill('SIGUSR1');
    const renewal = await until(
      'a renewal',
      async () => {
        const packets = await office.packets(`ip.addr == ${ip} && dhcp.option.dhcp == 5`);
        return packets.find(({ to }) => to === ip);
      },
      { timeoutMs: 20_000, everyMs: 500, lastSeen: running.lastWords },
    );
    expect(renewal).toMatchObject({ ethernetTo: mac, from: '10.66.0.1', yourAddress: ip });
    expect(asText(renewal.options.get(urlOption))).toBe(url);
  });
});

test('a kill -9 of the box loses no lease, and phones go on with theirs', async () => {
  const before = storedLeases();
  expect(before).toHaveLength(cases.length);
  box.kill('SIGKILL');
  await box.exited;
  box = await office.startBox({ leaseSeconds: 16 });
  const stored = new Map(storedLeases().map((lease) => [lease.mac, lease]));
  for (const lease of before)
    expect(stored.get(lease.mac)).toMatchObject({ ip: lease.ip, startedAt: lease.startedAt });
  phoneOf('80:5e:c0:00:00:01').running.kill('SIGUSR1');
  const restarted = Date.now();
  await until(
    'renewals by all',
    () => storedLeases().every(({ expiresAt }) => expiresAt > restarted + 16_000) || undefined,
    { timeoutMs: 30_000, everyMs: 500, lastSeen: () => JSON.stringify(storedLeases()) },
  );
  for (const lease of storedLeases()) {
    expect(lease).toMatchObject({
      ip: stored.get(lease.mac)?.ip,
      startedAt: stored.get(lease.mac)?.startedAt,
    });
    expect(readClientLease(phoneOf(lease.mac).directory)?.ip).toBe(lease.ip);
  }
  expect(await office.packets('dhcp.option.dhcp == 6')).toEqual([]);
});

test('a phone that was switched off and on gets the same address', async () => {
  const { mac, client } = cases[0] as ClientCase;
  const { namespace, running, directory } = phoneOf(mac);
  const ip = readClientLease(directory)?.ip;
  running.kill('SIGKILL');
  await running.exited;
  const again = startDhcpClient(namespace, { client, card: 'eth0', directory: join(directory, 'again') });
  phones.set(mac, { namespace, running: again, directory: join(directory, 'again') });
  expect((await leaseOf(join(directory, 'again'), again)).ip).toBe(ip);
});

test('a released address is free at once and still goes to its phone first', async () => {
  const { mac, client } = cases[0] as ClientCase;
  const { namespace, running, directory } = phoneOf(mac);
  const ip = readClientLease(directory)?.ip ?? '';
  await releaseLease(namespace, { client, card: 'eth0', directory, server: '10.66.0.1' }, running);
  await until(
    'the release',
    () => storedLeases().some((lease) => lease.mac === mac && lease.state === 'released') || undefined,
    { timeoutMs: 5000, lastSeen: () => JSON.stringify(storedLeases()) },
  );
  await running[Symbol.asyncDispose]();
  const back = startDhcpClient(namespace, { client, card: 'eth0', directory: join(directory, 'back') });
  expect((await leaseOf(join(directory, 'back'), back)).ip).toBe(ip);
});

test('a computer gets an address and nothing that is meant for phones', async () => {
  const namespace = await office.phone('pc', '02:11:22:33:44:55');
  const directory = join(office.lab.directory, 'pc');
  const running = startDhcpClient(namespace, { client: 'udhcpc', card: 'eth0', directory });
  await leaseOf(directory, running);
  const acks = await office.packets('dhcp.hw.mac_addr == 02:11:22:33:44:55 && dhcp.option.dhcp == 5');
  expect([...(acks[0]?.options.keys() ?? [])].toSorted((a, b) => a - b)).toEqual([
    1, 3, 6, 51, 53, 54, 58, 59, 61,
  ]);
});
