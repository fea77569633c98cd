/** The disk of `forgetful-disk-process.ts`: plugged in, cut from its power, and what it remembers afterwards. */
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, start, until, type Running } from '../support/command.ts';

export interface Forgotten {
  /** Writes that no sync had followed when the power failed. */
  readonly unsynced: number;
  /** Of these: not on the disk at all, and with some of their sectors only. */
  readonly dropped: number;
  readonly torn: number;
}

export interface ForgetfulDisk extends AsyncDisposable {
  /** Words before a command that shall see the disk as `file`. */
  readonly inside: readonly string[];
  readonly file: string;
  /** Resolves when nothing is written any more and it is settled what of the unsynced is on the disk. */
  cutPower(): Promise<Forgotten>;
}

/** What a disk writes whole or not at all. */
const sectorBytes = 4096;
/** Without a write for this long the power fails anyway. */
const idleMs = 2000;
const diskBytes = 64 << 20;

/** A disk with an empty ext4; returns the path of its image. */
export async function newDisk(directory: string): Promise<string> {
  const image = join(directory, 'image');
  writeFileSync(image, '');
  truncateSync(image, diskBytes);
  await run(['mkfs.ext4', '-q', '-b', String(sectorBytes), image]);
  return image;
}

/** `lies`: it says that it has synced and hasn't. */
export async function plugIn(image: string, { lies = false } = {}): Promise<ForgetfulDisk> {
  const [unsynced, file, cut] = [`${image}.unsynced`, `${image}.disk`, `${image}.cut`];
  writeFileSync(file, '');
  const program = join(import.meta.dirname, 'forgetful-disk-process.ts');
  const command = [process.execPath, program, image, unsynced, file, ...(lies ? ['lie'] : [])];
  const running: Running = start(['unshare', '-m', '--propagation', 'private', ...command]);
  await until('the disk', () => running.lastWords().includes('disk is there') || undefined, {
    timeoutMs: 20_000,
    everyMs: 10,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  return {
    inside: ['nsenter', `--mount=/proc/${running.pid}/ns/mnt`],
    file,
    cutPower: async () => {
      if (!running.hasExited()) writeFileSync(cut, '');
      await Promise.race([running.exited, sleep(idleMs)]);
      running.kill('SIGKILL');
      await running.exited;
      rmSync(cut, { force: true });
      return lies ? { unsynced: 0, dropped: 0, torn: 0 } : forget(image, readFileSync(unsynced));
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Of each unsynced write all, nothing, or any of its sectors reached the disk. */
function forget(image: string, log: Buffer): Forgotten {
  const disk = openSync(image, 'r+');
  const count = { unsynced: 0, dropped: 0, torn: 0 };
  let at = 0;
  while (at + 12 <= log.length) {
    const offset = Number(log.readBigUInt64LE(at));
    const length = log.readUInt32LE(at + 8);
    const bytes = log.subarray(at + 12, at + 12 + length);
    at += 12 + length;
    count.unsynced += 1;
    const fate = Math.floor(Math.random() * 3);
    if (fate === 0) count.dropped += 1;
    if (fate === 1) count.torn += 1;
    for (let sector = 0; sector < bytes.length; sector += sectorBytes) {
      if (fate === 0 || (fate === 1 && Math.random() < 0.5)) continue;
      writeSync(disk, bytes.subarray(sector, sector + sectorBytes), 0, null, offset + sector);
    }
  }
  closeSync(disk);
  return count;
}
