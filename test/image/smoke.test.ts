/** The image as it is downloaded, turned on: a box that serves a phone, with nothing given but its settings. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until, words, type Running } from '../support/command.ts';
import { readClientLease, startDhcpClient } from '../support/dhcp-client.ts';
import { whoMayReadWhat, whoReadsWhat, whoWritesWhat, writtenByOthers } from '../support/file-rights.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { powerOn, type EmulatedMachine } from './machine.ts';
import { isServing, readMemory, readPhases, saveFigures } from './figures.ts';
import { exposureLimits, helperExposure } from './helper-exposure.ts';
import { openImageSite, pageAddress, pageUrl, parts, phonesAddress, type ImageSite } from './site.ts';

/** A minute where nothing else runs; a guard, no figure. */
const bootMs = 600_000;

let lab: Lab;
let machine: EmulatedMachine;
let site: ImageSite;
let client: Running;

beforeAll(async () => {
  lab = openLab();
  site = await openImageSite(lab);
  machine = powerOn(site.options);
}, 60_000);

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

it(
  'a phone gets its address and its options from a box that boots for the first time',
  { timeout: bootMs },
  async () => {
    const directory = join(lab.directory, 'udhcpc');
    client = startDhcpClient(site.phone, {
      client: 'udhcpc',
      card: 'eth0',
      directory,
      vendorClass: Buffer.from('yealink'),
    });
    const lease = await until('a lease', () => readClientLease(directory), {
      timeoutMs: bootMs,
      hopeless: machine.hasEnded,
      lastSeen: () => machine.console().slice(-3000),
    });
    saveFigures({ 'power to lease, first boot, s': machine.age() / 1000 });
    // udhcpc takes option 66 for a host name and shows a URL as bad; the box is asked there below.
    expect(lease).toMatchObject({
      timeOffset: 0,
      ntpServers: ['10.66.0.1'],
      tftpServerName: 'bad',
    });
    expect(lease.ip).toMatch(/^10\.66\.\d\.\d+$/);
  },
);

it('the phone gets its first configuration from the box', async () => {
  const agent = 'Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01';
  const ask = ['curl', '-sf', '--max-time', '30', '-A', agent, 'http://10.66.0.1/805ec0000001.cfg'];
  const told = await until('the configuration', async () => await site.phone.exec(ask), {
    timeoutMs: 240_000,
  });
  saveFigures({ 'power to configuration, first boot, s': machine.age() / 1000 });
  expect(told).toContain('#!version:1.0.0.1');
  expect(told).toContain('https://10.66.0.1');
});

it('every part is at work, and nothing else has failed', async () => {
  saveFigures({ 'power to all parts, first boot, s': await isServing(machine, parts) });
  await machine.shell('systemctl is-system-running --wait || true', 120_000);
  expect(await machine.shell('systemctl list-units --no-legend --plain --failed')).toBe('');
  // Units that depend on the settings were made after systemd had read the others.
  const asRead = await machine.shell("systemctl show -p NeedDaemonReload 'gatehouse*' | sort -u");
  expect(asRead.trim()).toBe('NeedDaemonReload=no');
  expect(await machine.shell('systemctl show -P IPAddressDeny gatehouse@location')).toContain('0.0.0.0/0');
});

it('the page answers the administrator', async () => {
  const command = [...words('curl -sk --max-time 10 -o /dev/null -w %{http_code}'), `${pageUrl}/healthz`];
  expect(await site.beyond.exec(command, { anyExitCode: true })).toBe('200');
});

it('the screen shows where the page is, by which certificate it is known, the code for setting it up, addresses and parts', async () => {
  const certificate = await machine.shell(
    'openssl x509 -in /var/lib/gatehouse/web/page.pem -noout -fingerprint -sha256',
  );
  const code = await until(
    'the set-up code',
    async () => await machine.shell('cat /run/gatehouse-setup/code'),
    {
      timeoutMs: 120_000,
      everyMs: 2000,
    },
  );
  const shows = async (what: string) =>
    await until(`${what} on the screen`, () => machine.console().includes(what) || undefined, {
      timeoutMs: 60_000,
    });
  await shows(code.trim());
  await shows(`enp0s3  ${phonesAddress}/16`);
  await shows('dhcp active, location active, provisioning active, rtp active, sip active, web active');
  expect(machine.console()).toContain(`${pageUrl}/`);
  expect(machine.console()).toContain(certificate.trim().replace(/.*=/, ''));
});

it('each network reaches what is for it, and nothing else that listens', async () => {
  const listening = await machine.shell('ss -Hltn | awk \'{ sub(/.*:/, "", $4); print $4 }\' | sort -nu');
  const ports = [...new Set([...listening.trim().split('\n'), '22', '111', '8080'])];
  const reached = async (from: Namespace, address: string) =>
    JSON.parse(await from.exec([process.execPath, openPorts, address, ...ports])) as number[];
  // Both know the way to the other network.
  await site.phone.exec(['ip', 'route', 'replace', '10.67.0.0/24', 'via', phonesAddress]);
  await site.beyond.exec(['ip', 'route', 'replace', '10.66.0.0/16', 'via', pageAddress]);
  expect({
    phone: await reached(site.phone, phonesAddress),
    phoneAtPage: await reached(site.phone, pageAddress),
    administrator: await reached(site.beyond, pageAddress),
    administratorAtPhones: await reached(site.beyond, phonesAddress),
  }).toEqual({
    phone: [80, 443, 5060, 5061],
    phoneAtPage: [],
    administrator: [8080, 8443],
    administratorAtPhones: [],
  });
});

const openPorts = join(import.meta.dirname, '../support/open-ports-process.ts');

it('a phone gets the time from the box', async () => {
  const asked = await site.phone.exec([
    process.execPath,
    join(import.meta.dirname, '../support/ask-time-process.ts'),
    '10.66.0.1',
  ]);
  const { stratum, transmittedAt } = JSON.parse(asked) as { stratum: number; transmittedAt: number };
  // Nobody beyond tells it the time.
  expect(stratum).toBe(10);
  expect(Math.abs(transmittedAt - Date.now())).toBeLessThan(60_000);
});

it('no unit of ours is more exposed than 1.3, by the reckoning of systemd-analyze', async () => {
  const table = await machine.shell('systemd-analyze security --no-pager');
  const scores = new Map(
    Array.from(table.matchAll(/^\s*gatehouse@(\w+)\.service\s+([\d.]+)/gm), ([, part = '', score]) => [
      part,
      Number(score),
    ]),
  );
  expect([...scores.keys()].toSorted()).toEqual(parts.toSorted());
  saveFigures(Object.fromEntries(Array.from(scores, ([part, score]) => [`${part}, exposure`, score])));
  expect(
    Array.from(scores).filter(([, score]) => score > 1.3),
    table,
  ).toEqual([]);
});

it('no unit that acts for them is more exposed than what it does asks for', async () => {
  const said = await machine.shell(helperExposure, 240_000);
  const scores = Object.fromEntries(
    Array.from(said.matchAll(/^([a-z-]+) ([\d.]+)$/gm), ([, name = '', score]) => [name, Number(score)]),
  );
  expect(Object.keys(scores).toSorted()).toEqual(Object.keys(exposureLimits).toSorted());
  expect(Object.entries(scores).filter(([name, score]) => score > (exposureLimits[name] ?? 0))).toEqual([]);
});

it('time is asked for with NTS where that is offered, and the journal fits a small disk', async () => {
  const sources = await machine.shell('cat /run/gatehouse-units/time/usual.sources');
  expect(sources.match(/^server \S+ iburst nts$/gm)).toHaveLength(3);
  // As chrony itself takes them: here is nobody who knows their names.
  expect(await machine.shell('chronyc activity')).toContain('4 sources with unknown address');
  const journal = await machine.shell('journalctl -b -t systemd-journald | grep "System Journal"');
  expect(journal).toContain('max 64M');
});

it('each user reads the facts of all parts, its own secrets and nobody else’s', async () => {
  const readable = await machine.shell(whoReadsWhat);
  const files = (await machine.shell('cat /tmp/files')).trim().split('\n');
  expect(readable.trim().split('\n').toSorted()).toEqual(whoMayReadWhat(files).toSorted());
  expect(files).toContain('authority/1/ca.key');
});

it('each user writes what is its own, and no file or folder of anybody else', async () => {
  const writable = await machine.shell(whoWritesWhat);
  expect(writable).toContain('gatehouse-web web/web.db\n');
  expect(writtenByOthers(writable)).toEqual([]);
});

it('all parts together need less than 500 MB, and the figures of this boot are kept', async () => {
  const memory = await readMemory(machine, parts);
  const phases = await readPhases(machine);
  saveFigures({ ...phases, ...memory });
  expect(memory['all parts, PSS, MB']).toBeLessThan(500);
});

it(
  'after a power cut, with its clock years behind, it is the same box with the same lease',
  { timeout: bootMs },
  async () => {
    const identity = 'cat /etc/machine-id; sha256sum /var/lib/gatehouse/authority/1/ca.key; gatehouse leases';
    const before = await machine.shell(identity);
    const cutAt = Number(await machine.shell('date +%s'));
    await machine.cutPower();
    await machine[Symbol.asyncDispose]();
    await using _noMore = client;
    machine = powerOn({ ...site.options, hardware: ['-rtc', 'base=2020-01-01'] });
    saveFigures({ 'power to DHCP, later boot, s': await isServing(machine, ['dhcp']) });
    expect(await machine.shell(identity)).toBe(before);
    // The disk's own record of times may lack the last five seconds.
    expect(Number(await machine.shell('date +%s'))).toBeGreaterThanOrEqual(cutAt - 5);
  },
);

it('powered off, it ends in order, with its data partition unmounted', async () => {
  await machine.powerOff();
  expect(machine.hasEnded()).toBe(true);
  expect(machine.console()).not.toContain('Failed unmounting');
});
