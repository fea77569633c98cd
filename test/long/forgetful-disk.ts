/** The disk of `forgetful-disk-process.ts`: plugged in, cut from its power, and what it remembers afterwards. */
import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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

/** A disk with an ext4 that is empty, or holds what is in the folder `from`; returns the path of its image. */
export async function newDisk(directory: string, from?: string): Promise<string> {
  const image = join(directory, 'image');
  writeFileSync(image, '');
  truncateSync(image, diskBytes);
  const content = from === undefined ? [] : ['-d', from];
  await run(['mkfs.ext4', '-q', '-b', String(sectorBytes), ...content, image]);
  return image;
}

/** With `lies` it says that it has synced and hasn't. */
export async function plugIn(image: string, { lies = false } = {}): Promise<ForgetfulDisk> {
  const { cutPower, unsynced, ...disk } = await serve(image, lies ? 'lie' : undefined);
  return {
    ...disk,
    cutPower: async () => {
      await cutPower();
      return lies ? { unsynced: 0, dropped: 0, torn: 0 } : forget(image, readFileSync(unsynced), anyNumber);
    },
  };
}

/** Leaves the image as it is; what is written, and when it is synced, is noted for {@link cutAfter}. */
export async function plugInRecorder(image: string): Promise<RecordingDisk> {
  const { unsynced, ...disk } = await serve(image, 'record');
  return { ...disk, log: () => readFileSync(unsynced), logged: () => statSync(unsynced).size };
}

export interface RecordingDisk extends AsyncDisposable {
  readonly inside: readonly string[];
  readonly file: string;
  cutPower(): Promise<void>;
  /** Writes and syncs so far, and how many bytes they are. */
  log(): Buffer;
  logged(): number;
}

type Random = (below: number) => number;
const anyNumber: Random = (below) => Math.floor(Math.random() * below);

async function serve(image: string, mode: 'lie' | 'record' | undefined) {
  const [unsynced, file, cut] = [`${image}.unsynced`, `${image}.disk`, `${image}.cut`];
  writeFileSync(file, '');
  const program = join(import.meta.dirname, 'forgetful-disk-process.ts');
  await using starting = new AsyncDisposableStack();
  const holder = start([
    'unshare',
    '-m',
    '--propagation',
    'private',
    'sh',
    '-c',
    'echo held; exec sleep inf',
  ]);
  starting.use(holder);
  await hasSaid(holder, 'held');
  const command = [process.execPath, program, image, unsynced, file, String(holder.pid)];
  const running = start([...command, ...(mode ? [mode] : [])]);
  // In this order at the end: without its disk a file system is given up at once.
  starting.use(running);
  await hasSaid(running, 'disk is there');
  const plugged = starting.move();
  return {
    inside: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`],
    file,
    unsynced,
    cutPower: async () => {
      if (!running.hasExited()) writeFileSync(cut, '');
      await Promise.race([running.exited, sleep(idleMs)]);
      running.kill('SIGKILL');
      await running.exited;
      rmSync(cut, { force: true });
    },
    [Symbol.asyncDispose]: () => plugged[Symbol.asyncDispose](),
  };
}

async function hasSaid(running: Running, words: string): Promise<void> {
  await until('the disk', () => running.lastWords().includes(words) || undefined, {
    timeoutMs: 60_000,
    everyMs: 10,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
}

interface Entry {
  readonly at: number;
  /** Empty for a sync. */
  readonly bytes: Buffer;
  /** Where the log goes on after it. */
  readonly end: number;
}

function* entriesOf(log: Buffer): Iterable<Entry> {
  let from = 0;
  while (from + 12 <= log.length) {
    const end = from + 12 + log.readUInt32LE(from + 8);
    yield { at: Number(log.readBigUInt64LE(from)), bytes: log.subarray(from + 12, end), end };
    from = end;
  }
}

/** Where in a recorder's log the power may fail: behind each of its writes and syncs. */
export function momentsOf(log: Buffer): number[] {
  return [...entriesOf(log)].map(({ end }) => end);
}

/** Makes of the recorder's image what a power cut at the end of this log leaves. With `lies` its syncs count for nothing. */
export function cutAfter(
  image: string,
  log: Buffer,
  { random, lies = false }: { random: Random; lies?: boolean },
): Forgotten {
  const lastSync = [...entriesOf(log)].findLast(({ bytes }) => bytes.length === 0);
  const synced = lies ? 0 : (lastSync?.end ?? 0);
  const disk = openSync(image, 'r+');
  for (const { at, bytes } of entriesOf(log.subarray(0, synced))) writeSync(disk, bytes, 0, bytes.length, at);
  closeSync(disk);
  return forget(image, log.subarray(synced), random);
}

/** Of each unsynced write all, nothing, or any of its sectors reached the disk. */
function forget(image: string, log: Buffer, random: Random): Forgotten {
  const disk = openSync(image, 'r+');
  const count = { unsynced: 0, dropped: 0, torn: 0 };
  for (const { at, bytes } of entriesOf(log)) {
    if (bytes.length === 0) continue;
    count.unsynced += 1;
    const fate = random(3);
    if (fate === 0) count.dropped += 1;
    if (fate === 1) count.torn += 1;
    for (let sector = 0; sector < bytes.length; sector += sectorBytes) {
      if (fate === 0 || (fate === 1 && random(2) === 0)) continue;
      writeSync(disk, bytes.subarray(sector, sector + sectorBytes), 0, null, at + sector);
    }
  }
  closeSync(disk);
  return count;
}
