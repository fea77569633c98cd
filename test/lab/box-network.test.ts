/** The machine's cards by the settings, with the real systemd-networkd in a namespace: set, changed, and taken back. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { awaitConfirmation, beginChange, confirmNetwork, writeAtBoot } from '../../appliance/box/network.ts';
import type { Leftover } from '../../appliance/box/network-files.ts';
import { readConfig } from '../../appliance/config.ts';
import { openWorld } from '../../appliance/world.ts';
import { hurriedClock } from '../support/clock.ts';
import { until, type Running } from '../support/command.ts';
import { cover, openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { networkdProgram } from '../support/networkd.ts';

let lab: Lab;
let box: Namespace;
let networkd: Running | undefined;
let directory: string;

beforeAll(async () => {
  lab = openLab();
  box = await lab.namespace('box');
  const lan = await lab.namespace('lan');
  for (const card of ['eth0', 'eth1'])
    await lab.wire({ namespace: box, card }, { namespace: lan, card: `${card}x` });
  for (const card of ['eth0x', 'eth1x']) await lan.exec(['ip', 'link', 'set', card, 'up']);
  directory = join(lab.directory, 'box-network');
  mkdirSync(join(directory, 'netif'), { recursive: true });
  mkdirSync(join(directory, 'files'));
});

afterAll(async () => {
  await networkd?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** As `systemctl restart` would: there is no systemd in a namespace. */
async function restartNetworkd(): Promise<void> {
  await networkd?.[Symbol.asyncDispose]();
  const lines = [
    'mount -o remount,bind,ro /sys',
    cover('/run'),
    'mkdir -p /run/systemd/network /run/systemd/netif',
    `mount --bind ${directory}/files /run/systemd/network`,
    `mount --bind ${directory}/netif /run/systemd/netif`,
    'mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp',
    'chown -R systemd-network:systemd-network /run/systemd/netif',
    `exec ${networkdProgram}`,
  ];
  networkd = box.start(['unshare', '--mount', 'sh', '-ec', lines.join('\n')], { errorsAreLines: true });
}

const settings = (cards: string) =>
  `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n[dhcp]\nmode = "off"\n${cards}`;
const card = (name: string, address: string, more = '') =>
  `[[box.card]]\nname = "${name}"\nrole = "phones"\naddress = "${address}"\n${more}`;

function needs() {
  const configFile = join(directory, 'gatehouse.toml');
  const machine = {
    folder: join(directory, 'files'),
    reload: async ({ changed }: Leftover) => {
      for (const name of changed)
        await box.exec(['ip', '-4', 'addr', 'flush', 'dev', name, 'scope', 'global']);
      await restartNetworkd();
    },
    apply: async () => ({ state: 'done', words: '' }) as const,
  };
  const world = { ...openWorld('silent'), clock: hurriedClock() };
  const signal = new AbortController().signal;
  return {
    ...world,
    config: readConfig(configFile),
    configFile,
    machine,
    signal,
    tell: async () => undefined,
  };
}

/** What the kernel has on its cards, and its ways out. */
async function seen(): Promise<string> {
  const [addresses, routes] = [
    await box.exec(['ip', '-4', '-o', 'addr', 'show', 'scope', 'global']),
    await box.exec(['ip', '-4', 'route', 'show', 'default']),
  ];
  const own = Array.from(
    addresses.matchAll(/\d+: (\S+) +inet (\S+)/g),
    ([, name, cidr]) => `${name} ${cidr}`,
  );
  const via = Array.from(
    routes.matchAll(/via (\S+) dev (\S+)/g),
    ([, gateway, name]) => `${gateway} by ${name}`,
  );
  return [...own, ...via].join(', ');
}

async function becomes(wanted: string): Promise<boolean> {
  let last = '';
  const isThere = async () => (last = await seen()) === wanted;
  return await until(wanted, isThere, { timeoutMs: 10_000, lastSeen: () => last });
}

const first = () =>
  settings(`${card('eth0', '10.20.0.1/24', 'gateway = "10.20.0.254"\n')}${card('eth1', '10.9.0.2/24')}`);

it('at boot the cards get what the settings say', async () => {
  writeFileSync(join(directory, 'gatehouse.toml'), first());
  writeAtBoot(needs());
  await restartNetworkd();
  expect(await becomes('eth0 10.20.0.1/24, eth1 10.9.0.2/24, 10.20.0.254 by eth0')).toBe(true);
});

it('a change replaces what was there, and confirmed it stays', async () => {
  const toml = settings(
    `${card('eth0', '10.21.0.1/24')}${card('eth1', '10.9.0.2/24', 'gateway = "10.9.0.1"\n')}`,
  );
  expect(await beginChange(needs(), toml)).toBeUndefined();
  expect(await becomes('eth0 10.21.0.1/24, eth1 10.9.0.2/24, 10.9.0.1 by eth1')).toBe(true);
  expect(await confirmNetwork({}, needs())).toMatchObject({ state: 'done' });
  expect(await awaitConfirmation(needs())).toMatchObject({ state: 'done' });
  expect(await seen()).toBe('eth0 10.21.0.1/24, eth1 10.9.0.2/24, 10.9.0.1 by eth1');
});

it('a change that cuts the admin off is taken back on the wire', async () => {
  const toml = settings(card('eth1', '192.0.2.77/24'));
  const changing = needs();
  expect(await beginChange(changing, toml)).toBeUndefined();
  await until('the wrong network', async () => (await seen()).includes('eth1 192.0.2.77/24'), {
    timeoutMs: 60_000,
  });
  const waiting = awaitConfirmation(changing);
  await changing.clock.advance(130_000);
  expect(await waiting).toMatchObject({ state: 'failed' });
  expect(await becomes('eth0 10.21.0.1/24, eth1 10.9.0.2/24, 10.9.0.1 by eth1')).toBe(true);
  expect(readFileSync(join(directory, 'gatehouse.toml'), 'utf8')).toContain('10.21.0.1/24');
});

it('power cut in the middle of a change: the next boot has the network of before', async () => {
  expect(await beginChange(needs(), settings(card('eth0', '192.0.2.78/24')))).toBeUndefined();
  await until('the wrong network', async () => (await seen()).includes('eth0 192.0.2.78/24'), {
    timeoutMs: 60_000,
  });
  await networkd?.[Symbol.asyncDispose]();
  for (const name of ['eth0', 'eth1']) await box.exec(['ip', 'addr', 'flush', 'dev', name]);
  // /run is empty at boot.
  rmSync(join(directory, 'files'), { recursive: true });
  writeAtBoot(needs());
  await restartNetworkd();
  expect(await becomes('eth0 10.21.0.1/24, eth1 10.9.0.2/24, 10.9.0.1 by eth1')).toBe(true);
});
