/**
 * `gatehouse settings stick DEVICE`: reads what a stick offers, and keeps it. `gatehouse settings offered`: judges and takes it. Two
 * processes, so that who mounts a stranger's disk can change nothing, and who changes settings never sees the disk.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { keepOffered, readStick, takeOffered } from '../box/stick-files.ts';
import { handlerFor } from '../box/take-offered.ts';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { RefusedUpdateError } from '../update/refusal.ts';
import { withStick } from '../update/stick.ts';
import { openWorld } from '../world.ts';
import { orderBox } from './order-box.ts';

export async function settingsCommand(call: CommandCall): Promise<number> {
  const [what, device, ...more] = call.rest;
  if (what === 'stick' && device !== undefined && more.length === 0) return await stick(call, device);
  if (what === 'offered' && device === undefined) return await offered(call);
  call.out('usage: gatehouse settings stick DEVICE | offered');
  return 2;
}

/** FAT, exFAT and ISO 9660: of a stranger's disk the kernel reads no file system that is made for speed. */
const place = { fileSystems: 'vfat,exfat,iso9660', mountPoint: '/run/gatehouse-settings/stick' };

async function stick({ configFile, out }: CommandCall, device: string): Promise<number> {
  const { state_directory: directory } = readConfig(configFile).site;
  const from = basename(device);
  try {
    await withStick(
      device,
      async (folder) =>
        keepOffered(directory, { from, offered: await readStick(folder, isCloudInit(device)) }),
      place,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof RefusedUpdateError)) throw error;
    keepOffered(directory, { from, refused: error.message });
    out(`${from}: ${error.message}`);
    return 0;
  }
}

/** udev names the volume by its label, whatever bus it is on. */
function isCloudInit(device: string): boolean {
  return ['CIDATA', 'cidata'].some((label) => {
    const link = `/dev/disk/by-label/${label}`;
    return existsSync(link) && realpathSync(link) === device;
  });
}

async function offered({ configFile, out }: CommandCall): Promise<number> {
  const world = openWorld('warn');
  const { site } = readConfig(configFile);
  for (const waiting of takeOffered(site.state_directory)) {
    const needs = { ...world, config: readConfig(configFile), configFile };
    const handler = handlerFor(waiting, needs);
    if (handler === undefined) continue;
    await orderBox(needs, { kind: 'settings.offered', handler, out });
  }
  return 0;
}
