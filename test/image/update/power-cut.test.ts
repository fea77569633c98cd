/** The plug is pulled while a box is updated: it comes back, on one release or the other, with all that it had. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../support/hostile-bytes.ts';
import { saveFigures } from '../figures.ts';
import { newDisk, type EmulatedMachine, type MachineOptions } from '../machine.ts';
import { machineDirectory } from '../network.ts';
import { bootMs, openUpdateSite, proved, switchOn, waitFor, withSqlite, type UpdateSite } from './box.ts';
import { announceIn, newer, older, releases } from './releases.ts';
import { isServed, startedAgain } from './served.ts';
import { makeStick, pluggedIn } from '../stick.ts';

const cuts = Number(process.env['GATEHOUSE_CUTS'] ?? 10);
const seed = Number(process.env['GATEHOUSE_SEED'] ?? Date.now() % 100_000);
/** From the order to a new release that has proved itself, ms; the plug is pulled somewhere in it. */
const longestMs = 100_000;

let site: UpdateSite;
let disk: string;
let machine: EmulatedMachine | undefined;

beforeAll(async () => {
  const made = releases();
  site = await openUpdateSite(made.image);
  const payload = made.payload(newer);
  const good = await announceIn(join(site.lab.directory, 'good'), made, newer);
  const files = readdirSync(payload).filter((name) => !name.endsWith('.release'));
  const all = [good, ...files.map((name) => join(payload, name))];
  machine = switchOn(site, {
    hardware: pluggedIn(makeStick(join(site.lab.directory, 'stick'), { '': all })),
    memoryMegabytes: 1536,
  });
  await proved(machine, older);
  await waitFor(machine, 'the release to lie ready', { holds: (state) => state.staged !== undefined });
  await machine.powerOff();
  await machine[Symbol.asyncDispose]();
  disk = site.options.disk;
}, bootMs * 2);

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const integrity = `
  const bad = ['dhcp', 'web', 'sip', 'box', 'location', 'provisioning', 'rtp'].filter((name) =>
    new Database('/var/lib/gatehouse/' + name + '/' + name + '.db', { readonly: true, timeout: 5000 })
      .pragma('quick_check', { simple: true }) !== 'ok');
  console.log('bad: ' + bad.join());`;

it(
  `a box comes back from ${cuts} power cuts in an update (seed ${seed})`,
  { timeout: cuts * bootMs * 3 },
  async () => {
    const random = seededRandom(seed);
    const came: Record<string, number> = { [older]: 0, [newer]: 0 };
    for (let cut = 0; cut < cuts; cut += 1) {
      const directory = machineDirectory(site.lab, `cut-${cut}`);
      const own = {
        directory,
        disk: await newDisk(disk, join(directory, 'disk.qcow2')),
        memoryMegabytes: 1536,
      };
      const afterMs = random(longestMs);
      await cutWhileUpdating(own, afterMs);
      machine = switchOn(site, own);
      const { version } = await waitFor(machine, `the box to settle, cut after ${afterMs} ms`, {
        holds: ({ pending, last, staged }) =>
          pending === undefined && (last !== undefined || staged !== undefined),
        timeoutMs: bootMs * 2,
      });
      // A box that had not begun to write has settled before its parts run.
      await isServed(site, machine);
      expect(await startedAgain(machine)).toEqual([]);
      const told = await withSqlite(machine, integrity);
      expect(told).toMatch(/^bad: *$/m);
      console.log(
        `cut ${cut} after ${afterMs} ms: ${version} runs ${Math.round(machine.age() / 1000)} s after power came back`,
      );
      came[version] = (came[version] ?? 0) + 1;
      await machine[Symbol.asyncDispose]();
    }
    saveFigures({
      'update: power cuts survived': cuts,
      'update: of them on the former release': came[older] ?? 0,
      'update: of them on the new release': came[newer] ?? 0,
    });
  },
);

async function cutWhileUpdating(own: Partial<MachineOptions>, afterMs: number): Promise<void> {
  await using cut = switchOn(site, own);
  await waitFor(cut, 'the box', { holds: ({ staged }) => staged !== undefined });
  await cut.shell('systemd-run --quiet --no-block gatehouse update apply --now');
  await sleep(afterMs);
  await cut.cutPower();
}
