/** Addresses and refusals as the API and the command line tell them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { leasesCommand } from '../../appliance/commands/leases.ts';
import { statusCommand } from '../../appliance/commands/status.ts';
import type { CommandCall } from '../../appliance/main.ts';
import { systemClock } from '../../appliance/world.ts';
import { mac, stranger, writeDhcpFacts } from '../support/dhcp-facts.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ask, openPage, type Page } from '../support/page.ts';
import { openSite, reportAll } from '../support/site.ts';

const dhcp = `[dhcp]
mode = "server"
subnet = "127.0.0.0/24"
pool = ["127.0.0.100", "127.0.0.199"]
routers = ["127.0.0.1"]
`;

interface Listed {
  readonly addresses: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next?: string;
}

const leases = async ({ url }: Page, query = '') =>
  (await (await fetch(`${url}/api/leases${query}`)).json()) as Listed;

it('the API tells each address with evidence, network, what was sent and the port of option 82', async () => {
  const page = await openPage(dhcp);
  await writeDhcpFacts(page.site);
  const { addresses, total } = await leases(page);
  expect(total).toBe(5);
  expect(addresses).toMatchObject([
    { ip: '10.66.0.50', state: 'held', evidence: 'relayed', server: '10.9.0.1', vendorName: 'Cisco' },
    { ip: '10.66.0.51', state: 'held', evidence: 'informed' },
    {
      ip: '127.0.0.100',
      mac,
      state: 'held',
      evidence: 'leased',
      network: '127.0.0.0/24',
      hostname: 'SIP-T46S',
      circuitId: 'Gi1/0/3',
      remoteId: 'first floor',
      relay: '10.70.0.1',
      sent: { 2: '-18000' },
    },
    { ip: '127.0.0.101', state: 'ended' },
    { ip: '127.0.0.102', mac: stranger, state: 'in use' },
  ]);
  expect(addresses[0]).not.toHaveProperty('network');
});

it('a page of addresses is as long as it is asked for, and the next begins after it', async () => {
  const page = await openPage(dhcp);
  await writeDhcpFacts(page.site);
  const first = await leases(page, '?limit=3');
  expect(first.addresses.map(({ ip }) => ip)).toEqual(['10.66.0.50', '10.66.0.51', '127.0.0.100']);
  expect(first.next).toBe('127.0.0.100');
  const second = await leases(page, `?limit=3&after=${first.next}`);
  expect(second.addresses.map(({ ip }) => ip)).toEqual(['127.0.0.101', '127.0.0.102']);
  expect(second).not.toHaveProperty('next');
  for (const wrong of ['?limit=0', '?limit=1001', '?after=x', '?after=1.2.3.400', '?find=1']) {
    expect((await fetch(`${page.url}/api/leases${wrong}`)).status).toBe(400);
  }
});

it('what a device calls itself is personal, and left out for those who read by the network without signing in', async () => {
  const page = await openPage(`${dhcp}[web]\nport = 0\naddress = "0.0.0.0"\nopen_reading = true\n`);
  await writeDhcpFacts(page.site);
  const { text } = await ask({ port: page.web.address.port }, '/api/leases', { host: '127.0.0.1' });
  expect(text).toContain('Gi1/0/3');
  expect(text).not.toContain('SIP-T46S');
});

it('refusals stand with their reason in words, the newest first, and no more than asked for', async () => {
  const page = await openPage(dhcp);
  await writeDhcpFacts(page.site);
  const refusals = async (query = '') =>
    ((await (await fetch(`${page.url}/api/refusals${query}`)).json()) as { refusals: unknown[] }).refusals;
  expect(await refusals()).toMatchObject([
    { mac: stranger, ip: '127.0.0.102', words: expect.stringMatching(/without a lease/) as string },
    {
      mac: '02:00:00:00:00:05',
      words: expect.stringMatching(/No address is left.*dhcp\.lease_seconds/) as string,
    },
  ]);
  expect(await refusals('?limit=1')).toHaveLength(1);
});

it('a site where DHCP has not run yet has no addresses and no refusals', async () => {
  const page = await openPage(dhcp);
  expect(await leases(page)).toEqual({ addresses: [], total: 0 });
  expect(await (await fetch(`${page.url}/api/refusals`)).json()).toEqual({ refusals: [] });
});

function openTerminal() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n${dhcp}`);
  const site = openSite(join(directory, 'state'), systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  const run = async (command: (call: CommandCall) => Promise<number>, json = false) => {
    const lines: string[] = [];
    await command({ configFile, json, rest: [], out: (line) => lines.push(line) });
    return lines.join('\n');
  };
  return { site, run };
}

it('`leases` prints them as a table, refusals below', async () => {
  const { site, run } = openTerminal();
  expect(await run(leasesCommand)).toBe('Nobody has asked for an address yet.');
  await writeDhcpFacts(site);
  const text = await run(leasesCommand);
  expect(text).toMatch(
    /^127\.0\.0\.100 +00:15:65:aa:00:01 +Yealink +leased +in 5\d min +Gi1\/0\/3, first floor, 10\.70\.0\.1 +2=-18000 66=http/m,
  );
  expect(text).toMatch(/^10\.66\.0\.50 .* leased by 10\.9\.0\.1 /m);
  expect(text).toMatch(/^127\.0\.0\.102 .* in use /m);
  expect(text).toMatch(/^Refused: 02:00:00:00:00:05, now: No address is left/m);
  const told = JSON.parse(await run(leasesCommand, true)) as { addresses: unknown[]; refusals: unknown[] };
  expect([told.addresses.length, told.refusals.length]).toEqual([5, 2]);
});

it('`status` says how long an ACK takes, and whom DHCP refused something', async () => {
  const { site, run } = openTerminal();
  reportAll(site);
  await writeDhcpFacts(site);
  const text = await run(statusCommand);
  expect(text).toMatch(/^Leases are acknowledged within 0\.4 ms, 99 of 100 within 2\.1 ms$/m);
  expect(text).toMatch(/^Refused: 02:00:00:00:00:99, 127\.0\.0\.102, now: It uses an address of ours/m);
  expect(JSON.parse(await run(statusCommand, true))).toMatchObject({
    latency: { p50Microseconds: 412, p99Microseconds: 2140 },
    refusals: [{ mac: stranger }, { mac: '02:00:00:00:00:05' }],
  });
});
