/** A host with an address set by hand, in the middle of our pool: no client is sent there, and none waits for that. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLeases } from '../../appliance/store/leases.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { until } from '../support/command.ts';
import { readClientLease, startDhcpClient } from '../support/dhcp-client.ts';
import { openDhcpOffice, type DhcpOffice } from './dhcp-office.ts';

const squatter = '02:00:00:00:00:99';
let office: DhcpOffice;

beforeAll(async () => {
  office = await openDhcpOffice();
  const host = await office.phone('squatter', squatter);
  await host.exec(['ip', 'addr', 'add', '10.66.0.100/24', 'dev', 'eth0']);
});

afterAll(() => office[Symbol.asyncDispose]());

test('the address in use is set aside before a client comes, and the client gets the other one', async () => {
  await office.startBox({ pool: ['10.66.0.100', '10.66.0.101'] });
  const setAside = () => {
    using reader = openReader(join(office.lab.directory, 'state'), 'dhcp');
    return reader && readLeases(reader.db).find(({ state }) => state === 'declined');
  };
  const found = await until('the address to be set aside', setAside, { timeoutMs: 30_000 });
  expect(found).toMatchObject({ ip: '10.66.0.100', mac: squatter });

  const phone = await office.phone('phone', '80:5e:c0:00:00:01');
  const directory = join(office.lab.directory, 'client');
  await using client = startDhcpClient(phone, { client: 'udhcpc', card: 'eth0', directory });
  const wait = { timeoutMs: 20_000, lastSeen: client.lastWords };
  const lease = await until('a lease', () => readClientLease(directory), wait);
  expect(lease.ip).toBe('10.66.0.101');
  // A client that has to be told no, or finds its address in use, says so by DECLINE (4) or hears NAK (6).
  const types = (await office.packets('dhcp.hw.mac_addr == 80:5e:c0:00:00:01')).map(({ type }) => type);
  expect(types.filter((type) => type === 4 || type === 6)).toEqual([]);
});
