/** `gatehouse probe dhcp` beside real DHCP servers, set up right and wrong; no address may be taken. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words } from '../support/command.ts';
import { foreignServers, startForeignDhcp, type ForeignServer } from '../support/foreign-dhcp.ts';
import type { Namespace } from '../support/namespaces.ts';
import { openDhcpOffice, writeBoxConfig, type DhcpOffice } from './dhcp-office.ts';

const serverAddress = '10.66.0.9';

let office: DhcpOffice;
let customer: Namespace;
let config: string;

interface Report {
  readonly right: boolean;
  readonly verdicts: readonly { state: string; phones: string; server: string; text: string }[];
}

beforeAll(async () => {
  office = await openDhcpOffice();
  customer = await office.phone('customer', '02:00:00:00:00:09');
  await customer.exec(['ip', 'addr', 'add', `${serverAddress}/24`, 'dev', 'eth0']);
  config = writeBoxConfig(office.lab.directory, {});
});

afterAll(async () => await office[Symbol.asyncDispose]());

const gatehouse = (...rest: string[]) => [process.execPath, 'appliance/main.ts', ...rest, '--config', config];

async function probe(...more: string[]): Promise<Report> {
  const output = await office.box.exec(gatehouse('probe', 'dhcp', '--json', ...more), {
    anyExitCode: true,
    timeoutMs: 60_000,
  });
  return JSON.parse(output) as Report;
}

async function beside(server: ForeignServer, snippet: string) {
  const directory = join(office.lab.directory, server);
  return await startForeignDhcp(server, { namespace: customer, directory }, snippet);
}

const problems = ({ verdicts }: Report) =>
  verdicts.filter(({ state }) => state === 'problem').map(({ phones, text }) => `${phones}: ${text}`);

describe.each(foreignServers)('%s with what was printed for it', (server) => {
  it('is right for every vendor, asked on the network and as a relay, and gives out no address', async () => {
    await using _running = await beside(server, await office.box.exec(gatehouse('snippet', server)));
    for (const report of [await probe(), await probe('--relay', serverAddress)]) {
      expect(problems(report)).toEqual([]);
      expect(report.right).toBe(true);
      expect(report.verdicts.length).toBeGreaterThan(10);
      expect(new Set(report.verdicts.map((verdict) => verdict.server))).toEqual(new Set([serverAddress]));
    }
    expect(await office.packets('dhcp.option.dhcp == 3 || dhcp.option.dhcp == 5')).toEqual([]);
  });
});

it('wrong settings of a real server are told vendor by vendor', async () => {
  const wrong = [
    'dhcp-vendorclass=set:yealink,yealink',
    'dhcp-option-force=tag:yealink,66,10.66.0.1',
    'dhcp-vendorclass=set:poly,Polycom',
    'dhcp-option-force=tag:poly,160,http://noam.ipp.sdg.teams.microsoft.com/',
    'dhcp-option-force=tag:poly,2,00:00:46:50',
    'dhcp-mac=set:snom,00:04:13:*:*:*',
    'dhcp-option-force=tag:snom,160,http://10.66.0.1/tenantid/11111111-2222-3333-4444-555555555555',
    'dhcp-option-force=option:ntp-server,10.66.0.9',
  ];
  await using _running = await beside('dnsmasq', `${wrong.join('\n')}\n`);
  const report = await probe();
  expect(report.right).toBe(false);
  const found = problems(report).join('\n');
  expect(found).toContain('Yealink phones: option 66: is "10.66.0.1", a host without "http://"');
  expect(found).toContain('Poly phones: option 160: leads to the cloud directly and not through the box');
  expect(found).toContain('Poly phones: option 160: has no tenant');
  expect(found).toContain('Poly phones: option 2 is 18000, an hour of UTC+05:00');
  expect(found).toContain('Snom phones: option 66 is missing; the server sends option 160 instead');
  expect(found).toContain('Cisco phones: option 160 is missing');
  expect(found).not.toContain('other devices');
  expect(found).not.toContain('option 42');
});

it('beside our own part dhcp, which holds both ports, it asks that too, and a silent network is one line', async () => {
  const silent = await probe();
  expect(silent.verdicts.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^no DHCP server answered/),
  ]);
  await using _box = await office.startBox({
    sockets: ['dhcp-client=eth0:udp:68'],
    more: 'ntp_servers = ["10.66.0.9"]',
  });
  const report = await probe();
  expect(problems(report)).toEqual([]);
  expect(new Set(report.verdicts.map((verdict) => verdict.server))).toEqual(new Set(['10.66.0.1']));
  expect(report.verdicts.length).toBeGreaterThan(10);
});

it('without root it gives the one line to run as root', async () => {
  const asNobody = words('setpriv --reuid=65534 --regid=65534 --clear-groups');
  const refused = office.box.exec([...asNobody, ...gatehouse('probe', 'dhcp')]);
  await expect(refused).rejects.toThrow(
    /exit code 1: gatehouse: only root may use port 68; as root: \S*systemd\/with-sockets dhcp-client=eth0:udp:68 -- \S+ \S+main\.ts probe dhcp --config \S+$/,
  );
});

it('without a server it names what is wrong in the words of the command', async () => {
  await expect(office.box.exec(gatehouse('probe', 'dhcp', '--relay', 'kea.example'))).rejects.toThrow(
    'exit code 2',
  );
});
