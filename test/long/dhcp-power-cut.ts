/** Power cuts on a disk that forgets what was not synced: a lease whose ACK arrived is there when the box is back. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasStarted } from '../support/dhcp-box.ts';
import { openDhcpWire, spawnBox, type DhcpWire } from '../support/dhcp-wire.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { newDisk, plugIn } from './forgetful-disk.ts';
import { startLeaseHolders, type LeaseHolders } from './lease-holders.ts';
import type { Finding } from './results.ts';

const cuts = 24;
const phones = 3000;
const outstanding = 32;
/** Longest time under load before a cut. */
const maxLoadMs = 1500;

interface Scene extends AsyncDisposable {
  readonly wire: DhcpWire;
  readonly image: string;
  readonly holders: LeaseHolders;
}

export async function dhcpPowerCut(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  await using scene = await openScene(lab, 'cut');
  const total = { checked: 0, unsynced: 0, dropped: 0, torn: 0 };
  for (let cut = 1; cut <= cuts; cut += 1) {
    const { broken, held, forgotten } = await runUntilCut(scene);
    if (broken.length > 0)
      return failed(`after ${cut - 1} cuts ${broken.length} of ${held}: ${broken.slice(0, 5).join('; ')}`);
    total.checked += held;
    for (const key of ['unsynced', 'dropped', 'torn'] as const) total[key] += forgotten[key];
    if (cut % 10 === 0) say(`${cut} cuts, ${held} leases held, ${total.dropped} writes dropped`);
  }
  const lie = await counterProof(lab);
  return {
    name: 'dhcp-power-cut',
    passed: total.dropped > 0 && lie.broken > 0,
    detail:
      `${cuts} power cuts under load, ${phones} phones, ${outstanding} exchanges outstanding. The leases are on ext4 on a loop device ` +
      `on a disk in userspace (FUSE) that keeps what was flushed and, at a cut, of each later write all, nothing or any of its ` +
      `sectors of 4096 bytes: of ${total.unsynced} unsynced writes ${total.dropped} were dropped and ${total.torn} torn. After each cut the ` +
      `file system was mounted as it was, the box started on it, and every phone asked for its lease again: ${total.checked} ` +
      `leases were acknowledged with the same address, none was lost or given twice. Counter-proof: on a disk that says it ` +
      `has synced and hasn't, the check ended after it had found ${lie.broken} of ${lie.held} leases lost.`,
  };
}

async function openScene(lab: Lab, name: string): Promise<Scene> {
  const wire = await openDhcpWire(lab, name);
  const image = await newDisk(wire.directory);
  const holders = startLeaseHolders(wire, phones, { outstanding });
  return { wire, image, holders, [Symbol.asyncDispose]: () => holders[Symbol.asyncDispose]() };
}

/** The same must find losses where there are some: the disk says that it has synced and hasn't. */
async function counterProof(lab: Lab): Promise<{ broken: number; held: number }> {
  await using scene = await openScene(lab, 'lie');
  await runUntilCut(scene, { lies: true, loadMs: maxLoadMs });
  const { broken, held } = await runUntilCut(scene, { loadMs: 0 });
  return { broken: broken.length, held };
}

function failed(detail: string): Finding {
  return { name: 'dhcp-power-cut', passed: false, detail };
}

/** Starts the box on the disk, has all leases asked for, and cuts disk and box from the power under load. */
async function runUntilCut(
  { wire, image, holders }: Scene,
  { lies = false, loadMs = Math.random() * maxLoadMs } = {},
) {
  const disk = await plugIn(image, { lies });
  const mount = join(wire.directory, 'mount');
  mkdirSync(mount, { recursive: true });
  const { file, inside } = disk;
  const box = spawnBox(wire, {
    inside,
    prepare: [`mount -o loop ${file} ${mount}`],
    stateDirectory: join(mount, 'state'),
  });
  try {
    await hasStarted(box);
    const report = await holders.check();
    await sleep(loadMs);
    return { ...report, forgotten: await disk.cutPower() };
  } finally {
    await disk[Symbol.asyncDispose]();
    box.kill('SIGKILL');
    await box.exited;
  }
}
