/**
 * The machine's network as the settings say, and a change that takes itself back. What is kept for going back is the whole file of
 * settings: addresses of parts change with those of cards.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseConfig, readConfig, type Config } from '../config.ts';
import { deleteLink, emptyCard } from '../net/links.ts';
import { systemctl } from '../net/systemctl.ts';
import { makeDirectory } from '../store/database.ts';
import { announceRestart } from '../store/announced-restart.ts';
import { clearNetworkPending, isNetworkPending, markNetworkPending } from '../store/network-pending.ts';
import { isOurFile, leftoverOf, networkFiles, type Leftover } from './network-files.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';
import { applySettings, putSettings } from './put-settings.ts';

/** What changing the network takes. */
export type NetworkNeeds = Pick<Box, 'config' | 'configFile' | 'clock' | 'log' | 'signal'> & {
  /** Left out: this machine's. Tests have their own. */
  readonly machine?: Machine;
};

export interface Machine {
  /** systemd-networkd's, for this boot. */
  readonly folder: string;
  /** Makes the files count, with what is left of those before taken away. */
  readonly reload: (leftover: Leftover) => Promise<void>;
  /** Makes all other settings count. */
  readonly apply: () => Promise<OrderEnd>;
}

const thisMachine: Machine = {
  folder: '/run/systemd/network',
  reload: async ({ gone, changed }) => {
    for (const name of gone) await deleteLink(name);
    for (const card of changed) await emptyCard(card);
    await systemctl('restart', 'systemd-networkd.service');
  },
  apply: applySettings,
};

const confirmedFile = ({ site }: Config) => join(site.state_directory, 'box/confirmed.toml');

/** `network.apply`: the settings as they stand in the file now. */
export const applyNetwork: OrderHandler = async (_words, box) => {
  const refused = await beginChange(box);
  if (refused !== undefined) return refused;
  await box.tell(`The network is changed. Confirm it within ${box.config.box.confirm_seconds} s.`);
  return await awaitConfirmation(box);
};

/** `network.confirm`: the admin is there, so the change is good. */
export const confirmNetwork: OrderHandler = async (_words, box) => {
  if (!isNetworkPending(box.config)) return { state: 'refused', words: 'There is nothing to confirm.' };
  keepAsConfirmed(box);
  return { state: 'done', words: 'The network stays as it is now.' };
};

/**
 * At boot, before anything uses the network: what nobody confirmed is not used. Returns what was done, for the log.
 */
export function writeAtBoot({
  config,
  configFile,
  machine = thisMachine,
}: Pick<NetworkNeeds, 'config' | 'configFile' | 'machine'>): string {
  const settled = settleAtBoot({ config, configFile });
  return `${settled.words}${writeNetworkFiles(settled.config, machine.folder)} files for systemd-networkd`;
}

/** Settings that wait to be confirmed give way to those before them; those that count now are the ones to go back to later. */
export function settleAtBoot({ config, configFile }: Pick<NetworkNeeds, 'config' | 'configFile'>): {
  readonly config: Config;
  readonly words: string;
} {
  const wasPending = isNetworkPending(config);
  const current = wasPending ? putBack({ config, configFile }) : config;
  if (existsSync(configFile)) keepAsConfirmed({ config: current, configFile });
  return {
    config: current,
    words: wasPending ? 'a change of the network was not confirmed: the settings before it count; ' : '',
  };
}

/** Undefined: the new settings are in use, for now. `toml`: those, where they are not in the file yet. */
export async function beginChange(needs: NetworkNeeds, toml?: string): Promise<OrderEnd | undefined> {
  const { config, configFile, clock, machine = thisMachine } = needs;
  if (isNetworkPending(config))
    return { state: 'refused', words: 'Another change waits to be confirmed: confirm it, or wait.' };
  if (toml !== undefined) copyWhole(configFile, confirmedFile(config));
  if (!existsSync(confirmedFile(config)))
    return {
      state: 'refused',
      words: 'There are no settings to go back to: `gatehouse network write` keeps those of now.',
    };
  const { confirm_seconds: seconds } = (toml === undefined ? config : parseConfig(toml)).box;
  markNetworkPending(config, clock.now() + seconds * 1000);
  try {
    if (toml !== undefined) putSettings(configFile, toml);
    await use({ before: confirmedConfig(config), now: readConfig(configFile), machine });
    return undefined;
  } catch (error) {
    needs.log.error({ error: String(error) }, 'the change of the network failed');
    await takeBack(needs);
    throw error;
  }
}

/** Other settings for good, network and all: for who has brought them to the box itself. */
export async function useSettings(needs: NetworkNeeds, toml: string): Promise<OrderEnd> {
  const { config, configFile, machine = thisMachine } = needs;
  if (isNetworkPending(config))
    return { state: 'refused', words: 'A change of the network waits to be confirmed: confirm it, or wait.' };
  const now = parseConfig(toml);
  if (!changesNetwork(config, now)) await keepSettings(needs, toml);
  else {
    putSettings(configFile, toml);
    keepAsConfirmed({ config: now, configFile });
    await use({ before: config, now, machine });
  }
  return { state: 'done', words: 'These settings are taken, and in use.' };
}

/** Settings that leave the network as it is: they are those to go back to from now on. */
export async function keepSettings(
  { clock, configFile, machine = thisMachine }: NetworkNeeds,
  toml: string,
): Promise<OrderEnd> {
  putSettings(configFile, toml);
  const config = readConfig(configFile);
  keepAsConfirmed({ config, configFile });
  announceRestart(config.site.state_directory, clock.now());
  return await machine.apply();
}

/** Only where the box sets up its cards: on another machine that is somebody else's work. */
export function changesNetwork(before: Config, now: Config): boolean {
  if (before.box.card.length + now.box.card.length === 0) return false;
  return networkOf(before) !== networkOf(now);
}

function networkOf({ box, site, web }: Config): string {
  // All of `web`: with a socket or token that is no good the page would be gone, and with it the way to better settings.
  return JSON.stringify([box.card, site.address, web]);
}

/** Until somebody confirms, or the time is over; a process that has to end leaves the change to the next one. */
export async function awaitConfirmation(needs: NetworkNeeds): Promise<OrderEnd> {
  const { config, clock, signal } = needs;
  const until = clock.monotonic() + config.box.confirm_seconds * 1000;
  while (isNetworkPending(config)) {
    if (signal.aborted) return { state: 'failed', words: 'Not confirmed: taken back at the next start.' };
    if (clock.monotonic() >= until) {
      await takeBack(needs);
      return { state: 'failed', words: 'Nobody confirmed it: the network and the settings are as before.' };
    }
    await clock.sleep(500, signal).catch(() => undefined);
  }
  return { state: 'done', words: 'Confirmed.' };
}

async function takeBack(needs: NetworkNeeds): Promise<void> {
  const { configFile, machine = thisMachine, log } = needs;
  const refused = isReadable(configFile) ? readConfig(configFile) : needs.config;
  const before = putBack(needs);
  log.warn('the network was not confirmed: as before');
  await use({ before: refused, now: before, machine });
}

/** The settings of before are in the file, and the others beside it. Only then nothing is pending any more. */
function putBack({ config, configFile }: Pick<NetworkNeeds, 'config' | 'configFile'>): Config {
  const text = readFileSync(confirmedFile(config), 'utf8');
  if (existsSync(configFile)) copyFileSync(configFile, `${configFile}.not-confirmed`);
  putSettings(configFile, text);
  clearNetworkPending(config);
  return readConfig(configFile);
}

interface Use {
  readonly before: Config;
  readonly now: Config;
  readonly machine: Machine;
}

async function use({ before, now, machine }: Use): Promise<void> {
  writeNetworkFiles(now, machine.folder);
  await machine.reload(leftoverOf(before.box, now.box));
  await machine.apply();
}

function keepAsConfirmed({ config, configFile }: Pick<NetworkNeeds, 'config' | 'configFile'>): void {
  copyWhole(configFile, confirmedFile(config));
  clearNetworkPending(config);
}

function confirmedConfig(config: Config): Config {
  return isReadable(confirmedFile(config)) ? readConfig(confirmedFile(config)) : config;
}

function isReadable(file: string): boolean {
  try {
    readConfig(file);
    return true;
  } catch {
    return false;
  }
}

/** Complete before its name appears. */
function copyWhole(from: string, to: string): void {
  makeDirectory(dirname(to));
  rmSync(`${to}.new`, { force: true });
  writeFileSync(`${to}.new`, readFileSync(from), { mode: 0o640, flag: 'wx', flush: true });
  renameSync(`${to}.new`, to);
}

/** Files for systemd-networkd, in place of those that were written before. Returns how many there are. */
export function writeNetworkFiles({ box }: Config, folder: string): number {
  const wanted = networkFiles(box);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    if (isOurFile(name) && !wanted.some((file) => file.name === name)) rmSync(join(folder, name));
  // systemd-networkd reads them as its own user.
  for (const { name, text } of wanted) {
    writeFileSync(join(folder, name), text);
    // Whatever the unit's mask is.
    chmodSync(join(folder, name), 0o644);
  }
  return wanted.length;
}
