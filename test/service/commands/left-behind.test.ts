/** Settings that would leave phones behind, as `config check`, `check` and the phone list say it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkCommand } from '../../../appliance/commands/check.ts';
import { configCommand } from '../../../appliance/commands/config.ts';
import { parseConfig } from '../../../appliance/config.ts';
import { readPhones } from '../../../appliance/store/phones.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite, type Site } from '../../support/site.ts';

const mac = '00:15:65:aa:00:01';
const other = '00:04:f2:aa:00:02';

function openDesk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  const site = openSite(join(directory, 'state'), systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  const settings = (toml: string) => {
    const text = `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n${toml}`;
    writeFileSync(configFile, text);
    return parseConfig(text);
  };
  const run = async (command: typeof checkCommand, ...rest: string[]) => {
    const lines: string[] = [];
    const code = await command({ configFile, json: false, rest, out: (line) => lines.push(line) });
    return { code, text: lines.join('\n') };
  };
  return { site, settings, run };
}

async function twoPhones(site: Site): Promise<void> {
  await site.configuration(mac, '10.66.0.100', { vendor: 'yealink', posture: 'full' });
  await site.configuration(other, '10.66.0.101', { vendor: 'poly', posture: 'provision' });
}

it('a posture set down to assist names the phones that still need the box, and what to do first', async () => {
  const { site, settings, run } = openDesk();
  await twoPhones(site);
  settings('posture = "full"');
  expect((await run(configCommand, 'check')).text).toMatch(/: good$/);
  const config = settings('posture = "assist"');
  const checked = await run(configCommand, 'check');
  expect(checked.code).toBe(1);
  expect(checked.text).toMatch(
    /2 phones \(00:04:f2:aa:00:02, 00:15:65:aa:00:01\) would be left without .*; set the posture back, run `gatehouse bypass all`/,
  );
  expect((await run(checkCommand, 'settings')).text).toMatch(
    /^problem +settings +2 phones .* would be left/m,
  );
  const problems = readPhones(config.site.state_directory, systemClock.now(), config.site);
  for (const { problem } of problems)
    expect(problem).toContain('it still has this box as provisioning server');
});

it('only phones that a rule sets down are named, and none that has left', async () => {
  const { site, settings, run } = openDesk();
  await twoPhones(site);
  settings('posture = "full"\n[[site.posture_for]]\nposture = "assist"\nvendor = "poly"\n');
  expect((await run(configCommand, 'check')).text).toMatch(/1 phone \(00:04:f2:aa:00:02\) would be left/);
  await site.configuration(other, '10.66.0.101', { vendor: 'poly', posture: 'assist' });
  expect((await run(configCommand, 'check')).code).toBe(0);
});

it('phones that were last here at another address of the box are named, and what to do for them', async () => {
  const { site, settings, run } = openDesk();
  await site.configuration(mac, '10.66.0.100', { posture: 'full', boxAddress: '127.0.0.1' });
  await site.configuration(other, '10.66.0.101', { posture: 'full', boxAddress: '10.0.0.9' });
  settings('');
  expect(await run(configCommand, 'check')).toMatchObject({
    code: 1,
    text: expect.stringMatching(
      /1 phone \(00:04:f2:aa:00:02\) were last here at 10\.0\.0\.9, and would find nobody there; put it into site\.former_addresses/,
    ) as string,
  });
  const config = settings('former_addresses = ["10.0.0.9"]');
  const served = await run(configCommand, 'check');
  expect(served).toMatchObject({
    code: 0,
    text: expect.stringContaining('not yet seen at 127.0.0.1') as string,
  });
  expect((await run(checkCommand, 'settings')).text).toMatch(
    /^warning +settings +not yet seen at 127\.0\.0\.1/m,
  );
  const [row] = readPhones(config.site.state_directory, systemClock.now(), config.site);
  expect(row?.problem).toContain("at this box's former address 10.0.0.9");
  await site.configuration(other, '10.66.0.101', { posture: 'full', boxAddress: '127.0.0.1' });
  expect((await run(configCommand, 'check')).text).toMatch(
    /no phone needs the former address 10\.0\.0\.9 any more/,
  );
});
