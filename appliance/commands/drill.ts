/**
 * `gatehouse drill [MAC…|all] [--minutes N] [--undo]`: says who could call whom without internet, and plays an outage for
 * some phones or all. Calls for help are never part of it.
 */
import { existsSync } from 'node:fs';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { parseMac } from '../protocol/mac.ts';
import { newDialPlan, numberList } from '../sip/dial-plan.ts';
import { readAccountSealer } from '../store/account-seal.ts';
import { readBindingRows } from '../store/bindings.ts';
import { beginDrill, drillMinutes, endDrills, readDrills } from '../store/drills.ts';
import { openReader, type Reader } from '../store/reader.ts';
import { readSipAccountUsers } from '../store/sip-accounts.ts';
import { readSiteNumbers } from '../store/site-numbers.ts';
import { openStore, storeFile } from '../store/store.ts';
import { everyPhone } from '../store/tasks.ts';
import { drillReport } from './drill-report.ts';
import { drillWords } from './drill-words.ts';
import { requireReadable } from './state-directory.ts';

export async function drillCommand(call: CommandCall): Promise<number> {
  const targets = call.rest.map((word) => (word === 'all' ? everyPhone : parseMac(word)));
  const { minutes: typed = String(drillMinutes.usual) } = call;
  const wanted = /^\d{1,3}$/.test(typed) ? Number(typed) : 0;
  const isTime = wanted >= 1 && wanted <= drillMinutes.most;
  if (targets.includes(undefined) || !isTime) {
    call.out('usage: gatehouse drill [MAC…|all] [--minutes N] [--undo] [--config FILE] [--json]');
    call.out(`N is from 1 to ${drillMinutes.most}; ${drillMinutes.usual} when it is left out`);
    return 2;
  }
  const { site, dial_plan: settings, gateway } = readConfig(call.configFile);
  const directory = site.state_directory;
  requireReadable(directory);
  const now = Date.now();
  const phones = targets.filter((target) => target !== undefined);
  if (call.undo === true) await end(directory, phones.length === 0 ? [everyPhone] : phones, now);
  else await begin(directory, phones, { now, endsAt: now + wanted * 60_000 });
  const { bindings, accounts, numbers, drills } = readKnown(directory, now);
  const plan = newDialPlan(settings, numberList(numbers));
  const report = drillReport({ bindings, accounts, numbers, plan, now });
  if (call.json) call.out(JSON.stringify({ at: now, drills, ...report }));
  else for (const line of drillWords(report, { drills, gateway, now })) call.out(line);
  return report.phones.some(({ problems }) => problems.length > 0) || report.nobodys.length > 0 ? 1 : 0;
}

async function begin(
  directory: string,
  targets: readonly string[],
  { now, endsAt }: { now: number; endsAt: number },
): Promise<void> {
  if (targets.length === 0) return;
  using store = openWeb(directory, now);
  await store.write((tx) => {
    for (const target of targets) beginDrill(tx, { target, beganAt: now, endsAt });
  });
}

async function end(directory: string, targets: readonly string[], now: number): Promise<void> {
  using store = openWeb(directory, now);
  await store.write((tx) => {
    for (const target of targets) endDrills(tx, target, now);
  });
}

function openWeb(directory: string, now: number) {
  const file = storeFile(directory, 'web');
  if (!existsSync(file)) throw new Error(`${file} is not there: the box has never run here`);
  return openStore({ directory, part: 'web', clock: { now: () => now } });
}

function readKnown(directory: string, now: number) {
  const reading = <T>(part: Reader['part'], read: (db: Reader['db']) => T, otherwise: T): T => {
    using reader = openReader(directory, part);
    return reader === undefined ? otherwise : read(reader.db);
  };
  const keyId = readAccountSealer(directory)?.keyId ?? '';
  return {
    bindings: reading('sip', readBindingRows, []),
    accounts: reading('provisioning', (db) => readSipAccountUsers(db, keyId), new Set<string>()),
    numbers: reading('web', readSiteNumbers, []),
    drills: reading('web', (db) => readDrills(db, now), []),
  };
}
