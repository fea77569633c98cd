/** `gatehouse bypass` as a person runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bypassCommand } from '../../../appliance/commands/bypass.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { readTasks } from '../../../appliance/store/tasks.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite } from '../../support/site.ts';
import { giveOrder } from '../../support/tasks.ts';

const mac = '00:15:65:aa:00:01';

async function openDesk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const state = join(directory, 'state');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${state}"\n`);
  const site = openSite(state, systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  const run = async (rest: readonly string[], { undo = false, json = false } = {}) => {
    const lines: string[] = [];
    const code = await bypassCommand({ configFile, json, undo, rest, out: (line) => lines.push(line) });
    return { code, text: lines.join('\n') };
  };
  return { state, site, run };
}

test('an order is on the disk and in the journal before it is confirmed, with who still needs the box', async () => {
  const { state, site, run } = await openDesk();
  await giveOrder(state, 'lead', '*');
  await site.lease(mac, '10.66.0.100', { vendor: 'yealink' });
  await site.configuration(mac, '10.66.0.100', { vendor: 'yealink', model: 'SIP-T46S', posture: 'full' });
  const { code, text } = await run(['001565-AA0001']);
  expect(code).toBe(0);
  expect(text).toMatch(
    /^00:15:65:aa:00:01 +Yealink SIP-T46S +10\.66\.0\.100 +has not asked .* still needs the box$/m,
  );
  expect(text).toMatch(/^1 of 1 could not be seen to leave yet: leave the box on\.$/m);
  using web = openReader(state, 'web');
  expect(web && readTasks(web.db)).toMatchObject([{ target: '*' }, { kind: 'bypass', target: mac }]);
  expect(web?.journalAfter(0, 10).at(-1)).toMatchObject({ kind: 'task_given', mac });
});

test('without a phone it lists who is leaving, and says when all have left', async () => {
  const { state, site, run } = await openDesk();
  expect((await run([])).text).toBe('No phone was ordered back to the cloud.');
  await giveOrder(state, 'bypass', '*');
  await site.configuration(mac, '10.66.0.100', { vendor: 'yealink', posture: 'assist', at: 1 });
  const { code, text } = await run([]);
  expect(code).toBe(0);
  expect(text).toMatch(/All have left: the box can be switched off\.$/);
  expect(JSON.parse((await run([], { json: true })).text)).toMatchObject({
    phones: [{ mac, leaving: 'left' }],
  });
});

test('an order for all replaces those before it, and can be taken back', async () => {
  const { state, run } = await openDesk();
  await giveOrder(state, 'bypass', mac);
  await run(['all']);
  expect((await run(['all'], { undo: true })).code).toBe(0);
  using web = openReader(state, 'web');
  expect(web && readTasks(web.db)).toMatchObject([{ kind: 'lead', target: '*' }]);
});

test('a word that is no MAC, and an undo of nothing, are wrong usage', async () => {
  const { run } = await openDesk();
  expect((await run(['everything'])).code).toBe(2);
  expect((await run([], { undo: true })).code).toBe(2);
});

test('where the box never ran there is nobody to order', async () => {
  const { run } = await openDesk();
  await expect(run(['all'])).rejects.toThrow(/has never run here/);
});
