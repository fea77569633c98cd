/** A release that does not do its work on this box is taken back, told of, and not tried again. */
import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { saveFigures } from '../figures.ts';
import type { EmulatedMachine } from '../machine.ts';
import {
  bootMs,
  kernels,
  openUpdateSite,
  proved,
  switchOn,
  updateState,
  waitFor,
  type UpdateSite,
  type UpdateState,
  withSqlite,
} from './box.ts';
import { announceIn, newer, older, releases } from './releases.ts';
import { makeStick, pluggedIn } from '../stick.ts';

let site: UpdateSite;
let machine: EmulatedMachine;
let hardware: string[];

beforeAll(async () => {
  const made = releases();
  site = await openUpdateSite(made.image);
  const payload = made.payload(newer);
  const good = await announceIn(join(site.lab.directory, 'good'), made, newer);
  const files = readdirSync(payload).filter((name) => !name.endsWith('.release'));
  const stick = { '': [good, ...files.map((name) => join(payload, name))] };
  hardware = pluggedIn(makeStick(join(site.lab.directory, 'stick'), stick));
  machine = switchOn(site, { hardware, memoryMegabytes: 1536 });
}, 120_000);

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const hasStaged = ({ staged }: UpdateState) => staged !== undefined;

it('a box with a proved release has an update that lies ready', { timeout: bootMs * 2 }, async () => {
  await proved(machine, older);
  const { staged } = await waitFor(machine, 'the release to lie ready', { holds: hasStaged });
  expect(staged?.version).toBe(newer);
  await machine.powerOff();
});

it(
  'a part that does not run in the new release brings the former one back',
  { timeout: 1_500_000 },
  async () => {
    await machine[Symbol.asyncDispose]();
    // Only a release on trial has to prove anything: the former one boots with this too.
    machine = switchOn(site, {
      kernelWords: ['systemd.mask=gatehouse@location.service'],
      memoryMegabytes: 1536,
    });
    await waitFor(machine, 'the box', { holds: (state) => state.version === older });
    const begin = Date.now();
    expect(await machine.shell('gatehouse update apply --now', 200_000)).toContain(`restarts into ${newer}`);
    machine.forgetShell();
    // Each try ends in a restart, and what is typed then are keys to the boot loader's menu: the screen tells when it is over.
    const wentBack = new RegExp(`Gatehouse ${newer}[^]*Gatehouse ${older}`);
    await until('the former release on the screen', () => wentBack.test(machine.console()) || undefined, {
      timeoutMs: 1_400_000,
      everyMs: 1000,
      hopeless: machine.hasEnded,
    });
    const state = await waitFor(machine, 'the former release', {
      holds: ({ version, last }) => version === older && last !== undefined,
      timeoutMs: 1_400_000,
    });
    saveFigures({ 'update: order to rolled back and told, s': (Date.now() - begin) / 1000 });
    console.log(
      machine
        .console()
        .match(/^.*(?:BdsDxe: starting|Gatehouse \d|\[FAILED\]).*$/gm)
        ?.join('\n'),
    );
    expect(state.last).toMatchObject({
      from: older,
      to: newer,
      outcome: 'rolled_back',
      reason: 'the part location does not run',
    });
    expect(state.staged).toBeUndefined();
    expect(await kernels(machine)).toEqual([`gatehouse_${older}.efi`, `gatehouse_${newer}+0-3.efi`]);
  },
);

it('the journal tells of it, and the box stays where it is', { timeout: 300_000 }, async () => {
  const script = `const db = new Database('/var/lib/gatehouse/box/box.db', { readonly: true, timeout: 5000 });
    for (const { kind, body } of db.prepare('SELECT kind, body FROM journal ORDER BY seq').all()) console.log(kind, body);`;
  const told = await withSqlite(machine, script);
  expect(told).toContain(
    `update_rolled_back {"from":"${older}","to":"${newer}","reason":"the part location does not run"}`,
  );
  await machine.shell('gatehouse update work', 120_000);
  expect(await updateState(machine)).toMatchObject({ version: older, failed: [{ version: newer }] });
});

it(
  'brought once more by somebody, it is tried once more, and stays when it does its work',
  { timeout: bootMs * 3 },
  async () => {
    await machine.powerOff();
    await machine[Symbol.asyncDispose]();
    machine = switchOn(site, { hardware, memoryMegabytes: 1536 });
    await waitFor(machine, 'the release to lie ready again', { holds: hasStaged });
    expect(await machine.shell('gatehouse update apply --now', 200_000)).toContain(`restarts into ${newer}`);
    machine.forgetShell();
    await proved(machine, newer);
    expect(await updateState(machine)).toMatchObject({
      failed: [],
      last: { from: older, to: newer, outcome: 'good' },
    });
    expect(await kernels(machine)).toEqual([`gatehouse_${older}.efi`, `gatehouse_${newer}.efi`]);
  },
);
