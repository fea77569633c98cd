/** Beside real DHCP servers: as the helper that answers only DHCPINFORM, and as the relay in front of them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCapture, type Capture } from '../support/capture.ts';
import { until, type Running } from '../support/command.ts';
import {
  readClientLease,
  releaseLease,
  startDhcpClient,
  type DhcpClientName,
} from '../support/dhcp-client.ts';
import { startForeignDhcp, type ForeignServer } from '../support/foreign-dhcp.ts';
import { cover, type Namespace } from '../support/namespaces.ts';
import { asText, openDhcpOffice, readPackets, type DhcpOffice } from './dhcp-office.ts';

interface PhoneCase {
  readonly client: DhcpClientName;
  readonly mac: string;
  readonly vendorClass?: Uint8Array;
  readonly urlOption: number;
}

const phones: readonly PhoneCase[] = [
  { client: 'udhcpc', mac: '80:5e:c0:00:00:01', urlOption: 66 },
  {
    client: 'dhclient',
    mac: '00:56:2b:00:00:02',
    vendorClass: Buffer.from('Cisco Systems, Inc. IP Phone CP-8841-3PCC\0'),
    urlOption: 160,
  },
  { client: 'dhcpcd', mac: '64:16:7f:00:00:03', urlOption: 160 },
];

/** What the customer's server has besides its subnet: short leases, so that a test sees renewals. */
const shortLeases: Record<ForeignServer, string> = {
  kea: '"valid-lifetime": 16, "renew-timer": 4, "rebind-timer": 10',
  isc: 'default-lease-time 16; max-lease-time 16; min-lease-time 16; option dhcp-renewal-time 4; option dhcp-rebinding-time 10;',
  dnsmasq: 'dhcp-option=option:T1,4\ndhcp-option=option:T2,10',
};

async function boot(office: DhcpOffice, { client, mac, vendorClass }: PhoneCase, name: string) {
  const namespace = await office.phone(`${name}${client}`.slice(0, 10), mac);
  const directory = join(office.lab.directory, name, client);
  const running = startDhcpClient(namespace, {
    client,
    card: 'eth0',
    directory,
    ...(vendorClass && { vendorClass }),
  });
  const lease = await until('a lease', () => readClientLease(directory), {
    timeoutMs: 30_000,
    lastSeen: running.lastWords,
  });
  return { namespace, running, directory, lease };
}

/** What a command of the box says, as JSON. */
async function listed<T>(office: DhcpOffice, command: string): Promise<T> {
  const config = join(office.lab.directory, 'gatehouse.toml');
  const words = [process.execPath, 'appliance/main.ts', command, '--json', '--config', config];
  return JSON.parse(await office.box.exec(words, { anyExitCode: true })) as T;
}

describe.each(['kea', 'isc'] as const)('as the relay in front of %s', (server) => {
  let office: DhcpOffice;
  let far: Namespace;
  let farCapture: Capture;
  let box: Running;
  const booted = new Map<DhcpClientName, Awaited<ReturnType<typeof boot>>>();
  const relay = {
    dhcp: 'mode = "relay"\n[dhcp.relay]\nservers = ["10.9.0.1"]\nuplink = "eth1"',
    sockets: ['dhcp=eth1:udp:67', 'dhcp-client=eth0:udp:68'],
  };
  const farPackets = (filter: string) => readPackets(farCapture.file, filter);

  beforeAll(async () => {
    office = await openDhcpOffice();
    far = await office.lab.namespace('far');
    await office.lab.wire({ namespace: office.box, card: 'eth1' }, { namespace: far, card: 'eth0' });
    await office.box.exec(['ip', 'addr', 'add', '10.9.0.2/24', 'dev', 'eth1']);
    await office.box.exec(['ip', 'link', 'set', 'eth1', 'up']);
    await far.exec(['ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'eth0']);
    await far.exec(['ip', 'link', 'set', 'eth0', 'up']);
    await far.exec(['ip', 'route', 'add', '10.66.0.0/24', 'via', '10.9.0.2']);
    const file = join(office.lab.directory, 'far.pcap');
    farCapture = await startCapture(far, { card: 'eth0', file, filter: 'udp port 67' });
    const own = server === 'isc' ? 'subnet 10.9.0.0 netmask 255.255.255.0 {}' : '';
    const directory = join(office.lab.directory, server);
    await startForeignDhcp(server, { namespace: far, directory }, `${shortLeases[server]}\n${own}\n`);
    box = await office.startBox(relay);
  });

  afterAll(async () => {
    await office[Symbol.asyncDispose]();
  });

  test.each(phones)(
    "$client gets the server's lease and our options, and sees us as its server",
    async (phone) => {
      const { lease, ...rest } = await boot(office, phone, 'relay');
      booted.set(phone.client, { lease, ...rest });
      const [ack] = await office.packets(`dhcp.hw.mac_addr == ${phone.mac} && dhcp.option.dhcp == 5`);
      expect(ack).toMatchObject({ yourAddress: lease.ip, to: '255.255.255.255' });
      expect(asText(ack?.options.get(phone.urlOption))).toContain('http://10.66.0.1/');
      expect(ack?.options.get(42)).toBe('0a420001');
      expect(ack?.options.get(54)).toBe('0a420001');
      expect(ack?.options.has(82)).toBe(false);
    },
  );

  test('each phone is listed with the address that its own client says it got', async () => {
    const addresses = await listed<{ addresses: unknown[] }>(office, 'leases');
    const phoneList = await listed<{ phones: unknown[] }>(office, 'phones');
    for (const { mac, client } of phones) {
      const ip = booted.get(client)?.lease.ip;
      const held = { ip, mac, state: 'held', evidence: 'relayed', server: '10.9.0.1' };
      expect(addresses.addresses).toContainEqual(expect.objectContaining(held));
      expect(phoneList.phones).toContainEqual(expect.objectContaining({ mac, ip, stage: 'leased' }));
    }
  });

  test('the server is asked from our address, with card and override in option 82', async () => {
    const relayed = await farPackets('dhcp.option.dhcp == 1 && dhcp.ip.relay == 10.66.0.1');
    expect(relayed.length).toBeGreaterThanOrEqual(phones.length);
    for (const { options } of relayed) {
      expect(options.get(82)).toMatch(/^010465746830/);
      expect(options.get(82)).toMatch(/0b040a420001/);
    }
    for (const { options } of await farPackets('dhcp.option.dhcp == 3 && !dhcp.ip.client > 0.0.0.0')) {
      expect(options.get(82)).toBeDefined();
    }
  });

  test('after a kill and a new start renewals pass through us, each to its own address', async () => {
    box.kill('SIGKILL');
    await box.exited;
    const { length: before } = (await office.packets('dhcp.option.dhcp == 5')) as { length: number };
    box = await office.startBox(relay);
    for (const { mac, client } of phones) {
      const renewed = async () => {
        const acks = await office.packets(
          `dhcp.hw.mac_addr == ${mac} && dhcp.option.dhcp == 5 && ip.dst != 255.255.255.255`,
        );
        return acks.at(-1);
      };
      const ack = await until(`a renewal of ${client}`, renewed, { timeoutMs: 30_000, everyMs: 500 });
      expect(ack.to).toBe(booted.get(client)?.lease.ip);
      expect(ack.options.get(54)).toBe('0a420001');
    }
    expect((await office.packets('dhcp.option.dhcp == 5')).length).toBeGreaterThan(before);
    expect(await office.packets('dhcp.option.dhcp == 6')).toEqual([]);
  });

  test('a release reaches the server, and its next client may have the address', async () => {
    const client = 'udhcpc';
    const phone = booted.get(client);
    if (phone === undefined) throw new Error(`${client} was not started`);
    const place = { client, card: 'eth0', directory: phone.directory, server: '10.66.0.1' } as const;
    await releaseLease(phone.namespace, place, phone.running);
    const release = await until('the release', async () => (await farPackets('dhcp.option.dhcp == 7'))[0], {
      timeoutMs: 10_000,
      everyMs: 200,
    });
    expect(release.mac).toBe('80:5e:c0:00:00:01');
    // A server that follows RFC 5107 is content with our address; any other has to be told its own.
    expect(server === 'isc' ? ['0a090001'] : ['0a090001', '0a420001']).toContain(release.options.get(54));
  });
});

describe.each(['kea', 'dnsmasq'] as const)('as the helper beside %s', (server) => {
  let office: DhcpOffice;
  let atServer: Capture;

  beforeAll(async () => {
    office = await openDhcpOffice();
    const namespace = await office.phone('main', '02:00:00:00:00:09');
    const file = join(office.lab.directory, 'main.pcap');
    atServer = await startCapture(namespace, { card: 'eth0', file, filter: 'udp port 67' });
    await namespace.exec(['ip', 'addr', 'add', '10.66.0.9/24', 'dev', 'eth0']);
    const directory = join(office.lab.directory, server);
    await startForeignDhcp(server, { namespace, directory }, `${shortLeases[server]}\n`);
    await office.startBox({ dhcp: 'mode = "inform"', sockets: ['dhcp-client=eth0:udp:68'] });
  });

  afterAll(async () => {
    await office[Symbol.asyncDispose]();
  });

  test.each(phones)('$client boots as it would without us', async (phone) => {
    const { lease } = await boot(office, phone, 'inform');
    expect(lease.ip).toMatch(/^10\.66\.0\.1\d\d$/);
    expect(lease).toMatchObject({ ntpServers: [] });
    expect(lease.provisioningUrl).toBeUndefined();
    const acked = `dhcp.hw.mac_addr == ${phone.mac} && dhcp.option.dhcp == 5`;
    expect((await readPackets(atServer.file, acked))[0]).toMatchObject({
      from: '10.66.0.9',
      yourAddress: lease.ip,
    });
  });

  test('a phone with an address of its own asks, and gets its URL at that address', async () => {
    const namespace = await office.phone('asks', '64:16:7f:00:00:44');
    await namespace.exec(['ip', 'addr', 'add', '10.66.0.50/24', 'dev', 'eth0']);
    const asking = namespace.start(
      ['dhcpcd', '-B', '-4', '-c', '/bin/true', '--inform=10.66.0.50/24', 'eth0'],
      {
        prepare: [cover('/run'), cover('/var/lib/dhcpcd')],
      },
    );
    const answered = async () => (await office.packets('dhcp.option.dhcp == 5 && ip.src == 10.66.0.1')).at(0);
    const ack = await until('an answer', answered, {
      timeoutMs: 20_000,
      everyMs: 200,
      lastSeen: asking.lastWords,
    });
    expect(ack).toMatchObject({ to: '10.66.0.50', yourAddress: '0.0.0.0' });
    expect(asText(ack.options.get(160))).toContain('http://10.66.0.1/');
    expect(ack.options.has(51)).toBe(false);
    const { phones: known } = await listed<{ phones: unknown[] }>(office, 'phones');
    const asked = { mac: '64:16:7f:00:00:44', ip: '10.66.0.50', vendor: 'poly' };
    expect(known).toEqual([expect.objectContaining(asked)]);
  });

  test('what left our card was no offer, and nothing but answers to INFORM and probes', async () => {
    const ours = await office.packets('ip.src == 10.66.0.1');
    expect(ours.length).toBeGreaterThan(0);
    for (const { type, yourAddress } of ours)
      expect([type, yourAddress]).toEqual([type === 1 ? 1 : 5, '0.0.0.0']);
  });

  test('the watch found the server', async () => {
    const servers = await until(
      'the watch',
      async () => {
        const { dhcp } = await listed<{ dhcp: { servers: unknown[] } }>(office, 'status');
        return dhcp.servers.length > 0 ? dhcp.servers : undefined;
      },
      { timeoutMs: 15_000, everyMs: 500 },
    );
    expect(servers).toMatchObject([{ address: '10.66.0.9', isKnown: false, isPresent: true }]);
  });
});
