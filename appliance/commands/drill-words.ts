/** What `gatehouse drill` shows a person. Pure. */
import type { Config } from '../config.ts';
import type { Drill } from '../store/drills.ts';
import { everyPhone } from '../store/tasks.ts';
import type { DrillPhone, DrillReport } from './drill-report.ts';
import { formatTable } from './table.ts';

interface Around {
  readonly drills: readonly Drill[];
  readonly gateway: Pick<Config['gateway'], 'host' | 'prefixes'>;
  readonly now: number;
}

export function* drillWords(
  { phones, nobodys }: DrillReport,
  { drills, gateway, now }: Around,
): Generator<string> {
  for (const drill of drills) yield playedWords(drill, phones, now);
  if (drills.length > 0) yield '';
  if (phones.length === 0)
    yield 'No phone is registered through the box: without internet nobody here could call anybody.';
  else yield* table(phones);
  for (const { dialled, phone } of nobodys)
    yield `${dialled} leads to ${phone}, which is not registered through the box.`;
  yield '';
  yield outsideWords(gateway);
  yield 'Gone without internet: calls from outside, people who are not on these phones, voice mail, queues, auto attendants,';
  yield 'the directory, presence. Calls for help are never played: in a drill they take the way of every day.';
}

function playedWords({ target, endsAt }: Drill, phones: readonly DrillPhone[], now: number): string {
  if (target !== everyPhone && !phones.some(({ mac }) => mac === target))
    return `${target} is not registered through the box: nothing is played for it.`;
  const who = target === everyPhone ? 'all phones' : target;
  const left = Math.ceil((endsAt - now) / 60_000);
  return `An outage is played for ${who}, until ${new Date(endsAt).toISOString()} (${left} min) or --undo.`;
}

function outsideWords({ host, prefixes }: Around['gateway']): string {
  if (host === undefined)
    return 'There is no gateway to the telephone network: nobody could call outside, and calls for help ring phones here.';
  const allowed =
    prefixes.length === 0 ? 'only calls for help' : `calls for help and to ${prefixes.join(', ')}`;
  return `Outside, through the gateway ${host}: ${allowed}.`;
}

const yes = (is: boolean) => (is ? 'yes' : 'no');

function* table(phones: readonly DrillPhone[]): Generator<string> {
  const rows = phones.map(({ mac, user, isThere, comesBack, reachedBy }) => [
    mac ?? '-',
    user,
    yes(isThere),
    yes(comesBack),
    reachedBy.join(' ') || '-',
  ]);
  yield* formatTable([['MAC', 'USER', 'REGISTERED', 'AFTER A RESTART', 'CALLED BY'], ...rows]);
  yield '';
  const callers = phones.filter(({ isThere }) => isThere);
  const called = callers.filter(({ reachedBy }) => reachedBy.length > 0);
  const back = phones.filter(({ comesBack }) => comesBack);
  yield `${callers.length} of ${phones.length} phones could call, ${called.length} of them could be called; ${back.length} would come back after a restart.`;
  for (const { mac, user, problems } of phones)
    for (const problem of problems) yield `${mac ?? user}: ${problem}`;
}
