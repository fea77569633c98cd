/** A change of the network that takes itself back: clock and machine are the test's, files are real. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  applyNetwork,
  awaitConfirmation,
  beginChange,
  changesNetwork,
  confirmNetwork,
  writeAtBoot,
} from '../../../appliance/box/network.ts';
import { parseConfig, readConfig } from '../../../appliance/config.ts';
import {
  isNetworkPending,
  networkPendingUntil,
  troublesOfNetwork,
} from '../../../appliance/store/network-pending.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { toldMachine } from '../../support/told-machine.ts';

/** A box that has booted with its first settings. */
function openBox() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const folder = join(directory, 'networkd');
  const toml = (address: string) =>
    `[site]\naddress = "${address}"\nstate_directory = "${directory}/state"\n[dhcp]\nmode = "off"\n[[box.card]]\nname = "eth0"\nrole = "phones"\naddress = "${address}/24"\n`;
  mkdirSync(folder);
  writeFileSync(join(folder, '80-wired.network'), "the machine's own");
  writeFileSync(configFile, toml('10.20.0.1'));
  const { calls, machine } = toldMachine(folder);
  const clock = fakeClock();
  const needs = () => ({
    ...openWorld('silent'),
    clock,
    config: readConfig(configFile),
    configFile,
    machine,
    signal: new AbortController().signal,
    tell: async () => undefined,
  });
  writeAtBoot(needs());
  const address = () =>
    /Address=(.*)\/24/.exec(readFileSync(join(folder, '10-gatehouse-eth0.network'), 'utf8'))?.[1];
  /** The change is made, and waited for. */
  const inUse = async () => {
    while (!calls.includes('apply')) await setImmediate();
    await setImmediate();
  };
  return { inUse, configFile, folder, toml, calls, clock, needs, address };
}

it('boot writes the files of the settings and leaves others alone', () => {
  const { folder, address } = openBox();
  expect(address()).toBe('10.20.0.1');
  expect(readdirSync(folder).toSorted()).toEqual([
    '10-gatehouse-eth0.network',
    '79-gatehouse-others.network',
    '80-wired.network',
  ]);
});

it('a change that somebody confirms stays', async () => {
  const { configFile, toml, calls, clock, needs, address } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  const changed = applyNetwork({}, needs());
  await clock.advance(500);
  expect([address(), isNetworkPending(needs().config)]).toEqual(['10.20.0.2', true]);
  expect(troublesOfNetwork(needs().config)).toHaveLength(1);
  expect(await confirmNetwork({}, needs())).toMatchObject({ state: 'done' });
  await clock.advance(500);
  expect(await changed).toMatchObject({ state: 'done', words: 'Confirmed.' });
  expect([address(), isNetworkPending(needs().config)]).toEqual(['10.20.0.2', false]);
  expect(calls).toEqual(['reload', 'apply']);
  expect(await confirmNetwork({}, needs())).toMatchObject({ state: 'refused' });
});

it('a change that nobody confirms is taken back with all settings, and the refused ones are kept', async () => {
  const { configFile, toml, calls, clock, needs, address, inUse } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  const changed = applyNetwork({}, needs());
  await inUse();
  await clock.advance(119_000);
  expect(address()).toBe('10.20.0.2');
  await clock.advance(2000);
  expect(await changed).toMatchObject({ state: 'failed' });
  expect([address(), needs().config.site.address]).toEqual(['10.20.0.1', '10.20.0.1']);
  expect(readFileSync(`${configFile}.not-confirmed`, 'utf8')).toBe(toml('10.20.0.2'));
  expect(calls).toEqual(['reload', 'apply', 'reload', 'apply']);
  expect(networkPendingUntil(needs().config)).toBeUndefined();
});

it('the clock that is set meanwhile neither takes back early nor late', async () => {
  const { configFile, toml, clock, needs, address, inUse } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  const changed = applyNetwork({}, needs());
  await inUse();
  await clock.advance(1000);
  clock.set(clock.now() + 86_400_000);
  await clock.advance(1000);
  expect(address()).toBe('10.20.0.2');
  clock.set(clock.now() - 2 * 86_400_000);
  await clock.advance(119_000);
  expect(await changed).toMatchObject({ state: 'failed' });
});

it('after a power cut in between the change is not used', async () => {
  const { configFile, toml, needs, address } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  await beginChange(needs());
  expect(address()).toBe('10.20.0.2');
  expect(writeAtBoot(needs())).toContain('not confirmed');
  expect([address(), needs().config.site.address]).toEqual(['10.20.0.1', '10.20.0.1']);
  expect(isNetworkPending(needs().config)).toBe(false);
});

it('a process that has to end leaves the change to the next one, which takes it back', async () => {
  const { configFile, toml, clock, needs, address } = openBox();
  await beginChange(needs(), toml('10.20.0.2'));
  const stop = AbortSignal.abort();
  expect(await awaitConfirmation({ ...needs(), signal: stop })).toMatchObject({ state: 'failed' });
  expect(address()).toBe('10.20.0.2');
  const waiting = awaitConfirmation(needs());
  await clock.advance(121_000);
  expect(await waiting).toMatchObject({ state: 'failed' });
  expect([address(), readConfig(configFile).site.address]).toEqual(['10.20.0.1', '10.20.0.1']);
});

it('a second change waits for the end of the first', async () => {
  const { configFile, toml, needs } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  await beginChange(needs());
  expect(await beginChange(needs(), toml('10.20.0.3'))).toMatchObject({ state: 'refused' });
  expect(needs().config.site.address).toBe('10.20.0.2');
});

it('a change that the machine can not make is taken back at once', async () => {
  const { configFile, toml, needs, address } = openBox();
  writeFileSync(configFile, toml('10.20.0.2'));
  let tries = 0;
  const machine = {
    ...needs().machine,
    reload: async () => {
      tries += 1;
      if (tries === 1) throw new Error('systemd-networkd said no');
    },
  };
  await expect(beginChange({ ...needs(), machine })).rejects.toThrow('said no');
  expect([address(), isNetworkPending(needs().config)]).toEqual(['10.20.0.1', false]);
});

it('settings that leave the network as it is need no confirmation', () => {
  const { toml } = openBox();
  const [before, other] = [parseConfig(toml('10.20.0.1')), parseConfig(toml('10.20.0.2'))];
  expect(changesNetwork(before, { ...before, site: { ...before.site, name: 'x' } })).toBe(false);
  expect(changesNetwork(before, other)).toBe(true);
  // A page that does not start with it would be the end of the way to better settings.
  expect(changesNetwork(before, { ...before, web: { ...before.web, socket: '/nowhere/x' } })).toBe(true);
  const none = { ...before, box: { ...before.box, card: [] } };
  expect(changesNetwork(none, { ...none, site: other.site })).toBe(false);
  expect(existsSync('/run/systemd/network/10-gatehouse-eth0.network')).toBe(false);
});
