/** `gatehouse import numbers` and `gatehouse drill` as a person runs them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drillCommand } from '../../../appliance/commands/drill.ts';
import { importCommand } from '../../../appliance/commands/import.ts';
import { openAccountKey } from '../../../appliance/store/account-seal.ts';
import { readDrills } from '../../../appliance/store/drills.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { readSiteNumbers } from '../../../appliance/store/site-numbers.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { passAccount } from '../../support/sip-accounts.ts';
import { openSite } from '../../support/site.ts';
import { giveOrder } from '../../support/tasks.ts';

const [anna, ben] = ['00:15:65:aa:00:01', '00:15:65:aa:00:02'] as const;

async function openDesk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const state = join(directory, 'state');
  writeFileSync(
    configFile,
    `[site]\naddress = "127.0.0.1"\nstate_directory = "${state}"\n[dial_plan]\ncountry_code = "49"\n`,
  );
  const site = openSite(state, systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  await giveOrder(state, 'lead', '*');
  openAccountKey(state);
  const run = async (
    command: typeof drillCommand,
    rest: readonly string[],
    more: { undo?: boolean; json?: boolean; minutes?: string } = {},
  ) => {
    const lines: string[] = [];
    const out = (line: string) => lines.push(line);
    const code = await command({ configFile, json: false, rest, out, ...more });
    return { code, text: lines.join('\n') };
  };
  const list = (text: string) => {
    const file = join(directory, 'numbers.csv');
    writeFileSync(file, text);
    return run(importCommand, ['numbers', file]);
  };
  const web = <T>(read: (reader: NonNullable<ReturnType<typeof openReader>>) => T): T | undefined => {
    using reader = openReader(state, 'web');
    return reader && read(reader);
  };
  return { state, site, run, list, web };
}

test('a list of numbers is taken whole or not at all, and its mistakes are named by line', async () => {
  const { list, web } = await openDesk();
  expect(await list(`number,extension,phone\n030555101,101,${anna}\n,102,ben\n`)).toMatchObject({ code: 0 });
  const before = [
    { number: '+4930555101', extension: '101', phone: anna },
    { extension: '102', phone: 'ben' },
  ];
  expect(web(({ db }) => readSiteNumbers(db))).toEqual(before);
  const { code, text } = await list('number,extension,phone\n030555101,101,anna\n,101,ben\n');
  expect(code).toBe(1);
  expect(text).toMatch(/numbers\.csv:3: 101 stands in line 2 too\nNothing was imported/);
  expect(web(({ db }) => readSiteNumbers(db))).toEqual(before);
  expect(web((reader) => reader.journalAfter(0, 10).at(-1))).toMatchObject({
    kind: 'numbers_imported',
    body: '{"rows":2}',
  });
});

test('without internet: who could call whom, who would come back, and why not', async () => {
  const { state, site, run, list } = await openDesk();
  await site.binding(anna, '10.66.0.101');
  await site.binding(ben, '10.66.0.102');
  const user = `sip:${anna.replaceAll(':', '')}`;
  await passAccount(state, { mac: anna, user, authUser: user, password: 'x' });
  await list(`extension,phone\n101,${anna}\n199,nobody\n`);
  const { code, text } = await run(drillCommand, []);
  expect(code).toBe(1);
  expect(text).toMatch(/^00:15:65:aa:00:01 +\S+ +yes +yes +101$/m);
  expect(text).toMatch(/^00:15:65:aa:00:02 +\S+ +yes +no +-$/m);
  expect(text).toMatch(
    /^2 of 2 phones could call, 1 of them could be called; 1 would come back after a restart\.$/m,
  );
  expect(text).toMatch(/^00:15:65:aa:00:02: its password is not known/m);
  expect(text).toMatch(/^00:15:65:aa:00:02: nobody can call it/m);
  expect(text).toMatch(/^199 leads to nobody, which is not registered through the box\.$/m);
  expect(text).toMatch(/no gateway to the telephone network: nobody could call outside/);
  expect(text).toMatch(/voice mail, queues/);
  const { phones } = JSON.parse((await run(drillCommand, [], { json: true })).text) as { phones: unknown };
  expect(phones).toMatchObject([{ mac: anna, reachedBy: ['101'], problems: [] }, { mac: ben }]);
});

test('an outage is played for some time, for the phones that are named, and can be taken back', async () => {
  const { site, run, web } = await openDesk();
  await site.binding(anna, '10.66.0.101');
  const drills = () => web(({ db }) => readDrills(db, Date.now())) ?? [];
  const { text } = await run(drillCommand, [anna, ben], { minutes: '5' });
  expect(text).toMatch(/^An outage is played for 00:15:65:aa:00:01, until \S+ \(5 min\) or --undo\.$/m);
  expect(text).toMatch(/^00:15:65:aa:00:02 is not registered through the box: nothing is played for it\.$/m);
  expect(drills().map(({ target, beganAt, endsAt }) => [target, endsAt - beganAt])).toEqual([
    [anna, 300_000],
    [ben, 300_000],
  ]);
  await run(drillCommand, [ben], { undo: true });
  expect(drills()).toMatchObject([{ target: anna }]);
  await run(drillCommand, ['all']);
  await run(drillCommand, [], { undo: true });
  expect(drills()).toEqual([]);
  expect(web((reader) => reader.journalAfter(0, 20).flatMap((row) => row.kind))).toEqual([
    'task_given',
    'drill_began',
    'drill_began',
    'drill_ended',
    'drill_began',
    'drill_ended',
  ]);
});

test.each([
  [['desk'], {}],
  [['all'], { minutes: '0' }],
  [['all'], { minutes: '61' }],
  [['all'], { minutes: 'ten' }],
  [['all'], { minutes: '1e1' }],
  [['all'], { minutes: '0x5' }],
  [['all'], { minutes: ' 5' }],
])('%j with %j is answered with how it is used', async (rest, more) => {
  const { run } = await openDesk();
  const { code, text } = await run(drillCommand, rest, more);
  expect(code).toBe(2);
  expect(text).toMatch(/^usage: gatehouse drill/);
});
