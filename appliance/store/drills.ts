/** The table `drill` of web: outages that are played for some phones, or for all. */
import { all, run, type Database } from './database.ts';
import type { Transaction } from './store.ts';
import { everyPhone } from './tasks.ts';

export interface Drill {
  /** MAC, or `*` for all. */
  readonly target: string;
  /** ms since 1970. */
  readonly beganAt: number;
  readonly endsAt: number;
}

/** How long one may be played. */
export const drillMinutes = { usual: 10, most: 60 };

export function beginDrill(tx: Transaction, { target, beganAt, endsAt }: Drill): void {
  const values = { target, beganAt, endsAt };
  run(
    tx.db,
    'INSERT OR REPLACE INTO drill (target, began_at, ends_at) VALUES (@target, @beganAt, @endsAt)',
    values,
  );
  const body = { target, minutes: Math.round((endsAt - beganAt) / 60_000) };
  tx.journal({ kind: 'drill_began', ...(target === everyPhone ? {} : { mac: target }), body });
}

/** Of one phone, or all of them. Those whose time is over go too. */
export function endDrills(tx: Transaction, target: string, now: number): void {
  run(tx.db, 'DELETE FROM drill WHERE ends_at <= ? OR target = ? OR ? = ?', [
    now,
    target,
    target,
    everyPhone,
  ]);
  tx.journal({ kind: 'drill_ended', ...(target === everyPhone ? {} : { mac: target }), body: { target } });
}

/** Those that go on. One that ends later than any can began before the clock was set back, nobody knows when: it is over. */
export function readDrills(db: Database, now: number): Drill[] {
  return all<Drill>(
    db,
    'SELECT target, began_at AS beganAt, ends_at AS endsAt FROM drill WHERE ends_at > ? AND ends_at <= ? ORDER BY began_at, target',
    [now, now + 2 * drillMinutes.most * 60_000],
  );
}
