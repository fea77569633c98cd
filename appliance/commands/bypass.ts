/**
 * `gatehouse bypass [MAC|all] [--undo]`: hands phones back to the cloud's own addresses, and says who was seen to leave.
 */
import { existsSync } from 'node:fs';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { parseMac } from '../protocol/mac.ts';
import { leavingWords } from '../store/leaving.ts';
import { readPhones, type PhoneRow } from '../store/phones.ts';
import { openStore, storeFile } from '../store/store.ts';
import { everyPhone, giveTask, leavingPatienceMs, type Task } from '../store/tasks.ts';
import { requireReadable } from './state-directory.ts';
import { formatTable } from './table.ts';

export async function bypassCommand(call: CommandCall): Promise<number> {
  const [word, ...more] = call.rest;
  const target = word === undefined ? undefined : word === 'all' ? everyPhone : parseMac(word);
  const isWrong = more.length > 0 || (word !== undefined && target === undefined);
  if (isWrong || (call.undo === true && target === undefined)) {
    call.out('usage: gatehouse bypass [MAC|all] [--undo] [--config FILE] [--json]');
    return 2;
  }
  const { site } = readConfig(call.configFile);
  requireReadable(site.state_directory);
  const now = Date.now();
  if (target !== undefined) {
    const kind = call.undo === true ? 'lead' : 'bypass';
    await order(site.state_directory, { kind, target, givenAt: now, deadlineAt: now + leavingPatienceMs });
  }
  const phones = readPhones(site.state_directory, now, site);
  return call.undo === true ? tellUndone(call, phones, target) : tellLeaving(call, phones, now);
}

/** Given before anything is said: what the terminal shows is on the disk. */
async function order(directory: string, task: Task): Promise<void> {
  if (!existsSync(storeFile(directory, 'web')))
    throw new Error(`${storeFile(directory, 'web')} is not there: the box has never run here`);
  using store = openStore({ directory, part: 'web', clock: { now: () => task.givenAt } });
  await store.write((tx) => giveTask(tx, task));
}

function tellUndone(
  { json, out }: CommandCall,
  phones: readonly PhoneRow[],
  target: string | undefined,
): number {
  const back = phones.filter(
    ({ mac, leaving }) => leaving === undefined && (target === '*' || target === mac),
  );
  if (json) out(JSON.stringify({ back: back.map(({ mac }) => mac) }));
  else {
    out('The order is taken back.');
    out('A phone that has left comes back with its next restart or the next renewal of its lease.');
  }
  return 0;
}

function tellLeaving({ json, out }: CommandCall, phones: readonly PhoneRow[], now: number): number {
  const leaving = phones.flatMap(({ mac, vendorName, model, ip, leaving: step, problem }) =>
    step === undefined ? [] : [{ mac, vendorName, model, ip, leaving: step, problem }],
  );
  const staying = leaving.filter((phone) => phone.leaving !== 'left');
  if (json) out(JSON.stringify({ at: now, phones: leaving }));
  else if (leaving.length === 0) out('No phone was ordered back to the cloud.');
  else {
    const rows = leaving.map(({ mac, vendorName, model, ip, leaving: step }) => [
      mac,
      [vendorName, model].filter(Boolean).join(' ') || '-',
      ip ?? '-',
      leavingWords[step],
    ]);
    for (const line of formatTable([['MAC', 'PHONE', 'ADDRESS', 'STATE'], ...rows])) out(line);
    out('');
    out(
      staying.length === 0
        ? 'All have left: the box can be switched off.'
        : `${staying.length} of ${leaving.length} could not be seen to leave yet: leave the box on.`,
    );
  }
  return leaving.some(({ problem }) => problem !== undefined) ? 1 : 0;
}
