/** `gatehouse adopt` as a person runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { adoptCommand } from '../../../appliance/commands/adopt.ts';
import { openTaskView } from '../../../appliance/store/task-view.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite } from '../../support/site.ts';
import { giveOrder } from '../../support/tasks.ts';

const [led, named, strange] = ['00:15:65:aa:00:01', '00:15:65:aa:00:02', '00:04:f2:aa:00:03'];

async function openDesk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const state = join(directory, 'state');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${state}"\n`);
  const site = openSite(state, systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  await giveOrder(state, 'lead', '*');
  await site.lease(led, '10.66.0.100', { vendor: 'yealink' });
  await site.configuration(led, '10.66.0.100', { vendor: 'yealink', posture: 'full' });
  await site.lease(named, '10.66.0.101', { vendor: 'yealink' });
  const run = async (...words: readonly string[]) => {
    const lines: string[] = [];
    const json = words.includes('--json');
    const rest = words.filter((word) => word !== '--json');
    const code = await adoptCommand({ configFile, json, rest, out: (line) => lines.push(line) });
    return { code, text: lines.join('\n') };
  };
  const away = () => {
    using tasks = openTaskView(state, systemClock);
    return [led, named, strange].map((mac) => tasks.isBypassed(mac));
  };
  return { directory, run, away };
}

test('phones are listed with who saw them, what they do, and what nobody knows', async () => {
  const { directory, run } = await openDesk();
  const csv = join(directory, 'devices.csv');
  writeFileSync(csv, '\uFEFFMAC address;Model;User\r\n00-04-F2-AA-00-03;VVX 450;"a; b"\r\n');
  const { code, text } = await run('list', csv);
  expect(code).toBe(0);
  expect(text).toMatch(/^00:15:65:aa:00:01 .* lease, configuration +led /m);
  expect(text).toMatch(/^00:15:65:aa:00:02 .* lease +named +- +unknown, pilot one$/m);
  expect(text).toMatch(/^00:04:f2:aa:00:03 +Poly VVX 450 +- +csv +elsewhere +- +unknown, pilot one$/m);
  expect(text).toMatch(/^named, Yealink: Pilot one: restart it with this box in option 66/m);
  const { phones } = JSON.parse((await run('list', '--json')).text) as {
    phones: { mac: string; state: string }[];
  };
  expect(phones).toContainEqual(expect.objectContaining({ mac: named, state: 'named' }));
});

test('a wave keeps its phones away until it starts, and pause keeps those that have come', async () => {
  const { run, away } = await openDesk();
  expect((await run('plan', '1', led, named, strange)).code).toBe(0);
  expect(away()).toEqual([true, true, true]);
  expect((await run('start', '1')).code).toBe(0);
  expect(away()).toEqual([false, false, false]);
  expect((await run('pause', '1')).code).toBe(0);
  expect(away()).toEqual([false, true, true]);
  expect((await run('resume', '1')).code).toBe(0);
  expect(away()).toEqual([false, false, false]);
  expect((await run('undo', '1')).code).toBe(0);
  expect(away()).toEqual([true, true, true]);
  expect((await run()).text).toMatch(/^Wave 1: undone$/m);
});

test('an order that does not fit the wave changes nothing', async () => {
  const { run, away } = await openDesk();
  expect(await run('start', '1')).toEqual({ code: 1, text: 'There is no wave 1.' });
  await run('plan', '1', named);
  expect(await run('resume', '1')).toEqual({ code: 1, text: 'Wave 1 is planned.' });
  await run('start', '1');
  expect((await run('plan', '1', strange)).code).toBe(1);
  expect(away()).toEqual([false, false, false]);
});

test('an export without MACs, or with a row that has none, is refused with its row', async () => {
  const { directory, run } = await openDesk();
  const csv = join(directory, 'devices.csv');
  writeFileSync(csv, 'Device,User\nx,y\n');
  await expect(run('list', csv)).rejects.toThrow(/no column "MAC address" among Device, User/);
  writeFileSync(csv, 'MAC id,User\n00-04-F2-AA-00-03,y\nlobby,z\n');
  await expect(run('list', csv)).rejects.toThrow('row 3: "lobby" is no MAC address');
});

test.each([
  ['plan', '1'],
  ['plan', 'one', led],
  ['start'],
  ['start', '0'],
  ['toString', '1'],
  ['plan', '1', 'lobby'],
])('%s %s is wrong usage', async (...words) => {
  const { run } = await openDesk();
  expect((await run(...words)).code).toBe(2);
});
