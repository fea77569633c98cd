/** What the SIP application knows only while it runs: all of it begins empty. */
import type { Clock } from '../world.ts';
import { newAttempts, newBudget, type Application } from './application.ts';
import { newCallTable } from './call-table.ts';
import { newEvenTime } from './even-time.ts';
import { memoryHere, mostPhones } from './registration-limits.ts';
import { newRegistrarRests } from './registrar-rests.ts';
import { newSubscriptions } from './subscription-table.ts';

const refusalsToldPerMinute = 30;

type Tables = Pick<
  Application,
  | 'attached'
  | 'attempts'
  | 'calls'
  | 'mayTell'
  | 'mostPhones'
  | 'registering'
  | 'rests'
  | 'sessionSeconds'
  | 'subscriptions'
  | 'time'
  | 'trouble'
>;

export function emptyTables(clock: Pick<Clock, 'now' | 'monotonic'>): Tables {
  return {
    attached: new Set(),
    attempts: newAttempts(),
    calls: newCallTable(),
    mayTell: newBudget(refusalsToldPerMinute, () => clock.now()),
    mostPhones: mostPhones(memoryHere()),
    registering: new Map(),
    rests: newRegistrarRests(),
    sessionSeconds: new Map(),
    subscriptions: newSubscriptions(),
    time: newEvenTime(clock),
    trouble: new Map(),
  };
}
