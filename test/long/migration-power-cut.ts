/** Power cuts while a release migrates the data of the one before, on a disk that forgets what was not synced. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, until, type Running } from '../support/command.ts';
import { openLab } from '../support/namespaces.ts';
import { newDisk, plugIn, type ForgetfulDisk } from './forgetful-disk.ts';
import type { Finding } from './results.ts';

const cuts = 40;
/** The whole of it takes as long on this disk, ms; later cuts find it done. */
const longestMs = 400;

interface Told {
  readonly begin?: number;
  readonly end?: number;
  readonly leases?: number;
  readonly hash?: string;
  readonly check?: string;
}

export async function migrationPowerCut(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const image = await newDisk(lab.directory);
  await withDisk(image, async (disk) => {
    await run(disk, 'make').exited;
  });
  const former = `${image}.former`;
  copyFileSync(image, former);
  const whole = await migrated(image);
  const total = { before: 0, between: 0, after: 0, unsynced: 0, dropped: 0, torn: 0 };
  for (let cut = 1; cut <= cuts; cut += 1) {
    copyFileSync(former, image);
    const forgotten = await cutWhileMigrating(image);
    for (const key of ['unsynced', 'dropped', 'torn'] as const) total[key] += forgotten[key];
    const found = await migrated(image);
    const where = found.begin === whole.begin ? 'before' : found.begin === whole.end ? 'after' : 'between';
    total[where] += 1;
    if (found.check !== 'ok' || found.hash !== whole.hash || found.end !== whole.end)
      return { name: 'migration-power-cut', passed: false, detail: `cut ${cut}: ${JSON.stringify(found)}` };
    if (cut % 10 === 0) say(`${cut} cuts: ${JSON.stringify(total)}`);
  }
  return {
    name: 'migration-power-cut',
    passed: total.between > 0 && total.dropped > 0 && whole.leases !== 0,
    detail:
      `${cuts} power cuts while dhcp's file, with ${whole.leases} leases of an earlier release, was migrated from version ${whole.begin} to ` +
      `${whole.end}, on the disk of \`dhcp-power-cut\`: ${total.dropped} of ${total.unsynced} unsynced writes were dropped and ${total.torn} ` +
      `torn. The next start found the former version ${total.before} times, one between ${total.between} times and the new one ` +
      `${total.after} times, and went on from there: the file was sound, at the new version and with every lease, each time.`,
  };
}

/** Runs the process on the disk, whose file system it mounts first. */
function run({ inside, file }: ForgetfulDisk, mode: 'make' | 'open', told: Told[] = []) {
  const program = join(import.meta.dirname, 'migration-process.ts');
  const mount = `${file}.mount`;
  const script = `mkdir -p ${mount} && mount -o loop ${file} ${mount} && exec ${process.execPath} ${program} ${mode} ${mount}`;
  const wrapped = mode === 'make' ? `(${script}) && sync && umount ${mount}` : script;
  return start([...inside, 'sh', '-ec', wrapped], {
    onLine: (line) => told.push(JSON.parse(line) as Told),
  });
}

async function withDisk<T>(image: string, work: (disk: ForgetfulDisk) => Promise<T>): Promise<T> {
  await using disk = await plugIn(image);
  return await work(disk);
}

async function says(running: Running, told: readonly Told[], word: 'begin' | 'end'): Promise<Told> {
  return await until(`"${word}"`, () => told.find((line) => line[word] !== undefined), {
    timeoutMs: 60_000,
    everyMs: 5,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
}

async function migrated(image: string): Promise<Told> {
  return await withDisk(image, async (disk) => {
    const told: Told[] = [];
    await using running = run(disk, 'open', told);
    return { ...(await says(running, told, 'begin')), ...(await says(running, told, 'end')) };
  });
}

async function cutWhileMigrating(image: string) {
  return await withDisk(image, async (disk) => {
    const told: Told[] = [];
    await using running = run(disk, 'open', told);
    await says(running, told, 'begin');
    await sleep(Math.random() * longestMs);
    return await disk.cutPower();
  });
}
