/** What the emulated image does with a data partition that is full, damaged, missing or can't be written: the page comes and says so. */
import { join } from 'node:path';
import { until } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { imageFile } from '../image/image-file.ts';
import { newDisk, powerOn, type EmulatedMachine, type MachineOptions } from '../image/machine.ts';
import { machineDirectory } from '../image/network.ts';
import { openImageSite, pageUrl, type ImageSite } from '../image/site.ts';
import type { Finding } from './results.ts';

const bootMs = 600_000;
const device = '$(sed -n 2p /run/gatehouse-data)';

interface Fault {
  readonly name: string;
  /** Done to a box that has served, before its power is cut. */
  readonly damage?: string;
  readonly disk?: 'small' | 'read-only';
  /** What the page is to say after the next boot. */
  readonly told: RegExp;
  /** The order to repair it helps: the box starts once more and says nothing of its disk. */
  readonly isRepaired?: true;
}

/** At once before the power goes: what is mounted would write it anew. */
const overwrite = (by: string, size: string) =>
  `sync; dd if=/dev/${by} of=${device} ${size} oflag=direct conv=fsync`;
const damaged = /^The data disk is damaged \(e2fsck: Bad magic number .+\): the box runs from memory/;

const faults: readonly Fault[] = [
  {
    name: 'full',
    // Nearly all at once, and the rest written until nothing goes in: the parts write meanwhile.
    damage:
      'fallocate -l $(($(df --output=avail -k /var | tail -n 1) - 4096))K /var/lib/filler; ' +
      'cat /dev/zero >/var/lib/rest 2>/dev/null; [ "$(df --output=avail -k /var | tail -n 1)" -lt 64 ]',
    told: /^The disk is full/,
  },
  // Copies of the superblock are further inside, and the journal: to use them is for a person to order.
  {
    name: 'superblock overwritten',
    damage: overwrite('zero', 'bs=4k count=1'),
    told: damaged,
    isRepaired: true,
  },
  { name: 'its first 64 MB overwritten', damage: overwrite('urandom', 'bs=1M count=64'), told: damaged },
  { name: 'missing, the disk being too small', disk: 'small', told: /^There is no data disk/ },
  { name: 'read-only', disk: 'read-only', told: /^The data disk takes no writes/ },
];

export async function imageFaults(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const site = await openImageSite(lab);
  const served = await serveOnce(site);
  const rows: string[] = [];
  const wrong: string[] = [];
  for (const [at, fault] of faults.entries()) {
    for (const { what, seconds, told, isRight } of await suffer(
      site,
      fault,
      await optionsFor(lab, { served, at, fault }),
    )) {
      if (!isRight) wrong.push(`${what}: ${told}`);
      rows.push(`| ${what} | ${seconds} s | ${told} |`);
      say(`${what}: after ${seconds} s ${told}`);
    }
  }
  return {
    name: 'image-faults',
    passed: wrong.length === 0,
    detail:
      wrong.length > 0
        ? wrong.join('; ')
        : `Faults of the data partition, each after a box that had served phones; time from power on to the page's answer.\n\n` +
          `| data partition | page after | and says |\n|---|---|---|\n${rows.join('\n')}`,
  };
}

interface Seen {
  readonly what: string;
  /** Since power on. */
  readonly seconds: number;
  /** What the page says of the disk. */
  readonly told: string;
  readonly isRight: boolean;
}

/** What is seen of the fault at the next boot, and after its repair. */
async function suffer(site: ImageSite, fault: Fault, options: MachineOptions): Promise<Seen[]> {
  const { name, disk, told, isRepaired } = fault;
  if (fault.damage !== undefined) await damage(options, fault.damage);
  await using machine = powerOn({ ...options, isReadOnly: disk === 'read-only' });
  const look = async (what: string, isExpected: (text: string | undefined) => boolean): Promise<Seen> => {
    const text = (await whatThePageSays(site, machine)).find((line) => /\bdisk\b/.test(line));
    const seconds = Math.round(machine.age() / 1000);
    return { what, seconds, told: text ?? 'nothing: phones are served', isRight: isExpected(text) };
  };
  const first = await look(name, (text = '') => told.test(text));
  if (isRepaired !== true) return [first];
  await repair(machine);
  return [first, await look('the same, repaired', (text) => text === undefined)];
}

/** The site's box, booted once and switched off: what later disks are laid over. */
async function serveOnce(site: ImageSite): Promise<MachineOptions> {
  await using machine = powerOn(site.options);
  await whatThePageSays(site, machine);
  await machine.powerOff();
  return site.options;
}

async function optionsFor(
  lab: Lab,
  { served, at, fault }: { served: MachineOptions; at: number; fault: Fault },
): Promise<MachineOptions> {
  const directory = machineDirectory(lab, `fault${at}`);
  const file = join(directory, 'disk.qcow2');
  const disk =
    fault.disk === 'small' ? await newDisk(imageFile(), file, '') : await newDisk(served.disk, file, '');
  return { ...served, directory, disk };
}

async function damage(options: MachineOptions, script: string): Promise<void> {
  await using machine = powerOn(options);
  await machine.shell('until systemctl is-active gatehouse@dhcp; do sleep 1; done', bootMs);
  await machine.shell(script, 120_000);
  await machine.cutPower();
}

/** As the page orders it; resolves when the box has started once more. */
async function repair(machine: EmulatedMachine): Promise<void> {
  const boot = 'cat /proc/sys/kernel/random/boot_id';
  const before = await machine.shell(boot);
  await machine.shell('systemctl start --no-block gatehouse-data-repair');
  const hasRestarted = async () => {
    machine.forgetShell();
    return (await machine.shell(boot, bootMs)) !== before || undefined;
  };
  await until('the repaired box', hasRestarted, { timeoutMs: bootMs, everyMs: 5000 });
}

/** Once the page answers: what it tells who has signed in, which is what `gatehouse status` tells. */
async function whatThePageSays({ beyond }: ImageSite, machine: EmulatedMachine): Promise<string[]> {
  const options = { timeoutMs: bootMs, everyMs: 1000, hopeless: machine.hasEnded };
  const lastSeen = () => machine.console().slice(-2000);
  await until('the page', async () => await beyond.exec(['curl', '-sfk', '--max-time', '10', pageUrl]), {
    ...options,
    lastSeen,
  });
  const tell = async () => {
    const { troubles } = JSON.parse(await machine.shell('gatehouse status --json || true')) as {
      troubles: { text: string }[];
    };
    return troubles.map(({ text }) => text);
  };
  const settled = async () => {
    const told = await tell();
    return told.some((text) => text.includes('not running')) ? undefined : told;
  };
  return await until('the parts', settled, { ...options, timeoutMs: 60_000 }).catch(tell);
}
