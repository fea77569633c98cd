/** `gatehouse import numbers FILE`: what the admin knows of the site and no phone tells. */
import { existsSync, readFileSync } from 'node:fs';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { newDialPlan } from '../sip/dial-plan.ts';
import { replaceSiteNumbers } from '../store/site-numbers.ts';
import { openStore, storeFile } from '../store/store.ts';
import { numbersInCsv } from './import-numbers.ts';

export async function importCommand(call: CommandCall): Promise<number> {
  const [what, file, ...more] = call.rest;
  if (what !== 'numbers' || file === undefined || more.length > 0) {
    call.out('usage: gatehouse import numbers FILE.csv [--config FILE] [--json]');
    call.out('columns: number, extension, phone (MAC or user name); the list replaces the one before');
    return 2;
  }
  const { site, dial_plan: settings } = readConfig(call.configFile);
  const { numbers, problems } = numbersInCsv(readFileSync(file, 'utf8'), newDialPlan(settings));
  if (problems.length > 0) {
    if (call.json) call.out(JSON.stringify({ imported: 0, problems }));
    else for (const { line, text } of problems) call.out(`${file}:${line}: ${text}`);
    if (!call.json) call.out('Nothing was imported: the list before stays.');
    return 1;
  }
  const web = storeFile(site.state_directory, 'web');
  if (!existsSync(web)) throw new Error(`${web} is not there: the box has never run here`);
  using store = openStore({ directory: site.state_directory, part: 'web', clock: { now: () => Date.now() } });
  await store.write((tx) => replaceSiteNumbers(tx, numbers));
  if (call.json) call.out(JSON.stringify({ imported: numbers.length, problems: [] }));
  else call.out(`${numbers.length} rows imported. \`gatehouse drill\` shows what they mean in an outage.`);
  return 0;
}
