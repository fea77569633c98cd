/** What the admin told the box of an outage beforehand, in web's file: whose which number is, and for whom one is played. */
import { readDrills } from '../store/drills.ts';
import { openLateReader } from '../store/late-reader.ts';
import { phoneOfSiteNumber } from '../store/site-numbers.ts';
import { everyPhone } from '../store/tasks.ts';
import type { Database } from '../store/database.ts';
import type { World } from '../world.ts';

export interface SiteLists extends Disposable {
  /** MAC or user; the first of these numbers that is in the list. */
  phoneOf(numbers: readonly string[]): string | undefined;
  /** An outage is played for this phone; without a MAC only when one is played for all. */
  isInDrill(mac: string | null | undefined): boolean;
}

/** Asked for each registration: a drill begins and ends so much late. */
const lookMs = 1000;

/** A file that can't be read counts as one without lists: calls must not depend on it. */
export function openSiteLists(directory: string, { clock, log }: World): SiteLists {
  const web = openLateReader({
    directory,
    part: 'web',
    clock,
    probe: (db) => void phoneOfSiteNumber(db, ''),
  });
  const ask = <T>(question: (db: Database) => T): T | undefined => {
    try {
      const db = web.database();
      return db && question(db);
    } catch (error) {
      log.warn({ err: error }, "the site's lists not read");
      return undefined;
    }
  };
  let lookedAt = -Infinity;
  let drilled: ReadonlySet<string> = new Set();
  const look = () => {
    const now = clock.now();
    if (Math.abs(now - lookedAt) < lookMs) return;
    lookedAt = now;
    drilled = new Set((ask((db) => readDrills(db, now)) ?? []).map(({ target }) => target));
  };
  return {
    phoneOf: (numbers) =>
      ask((db) => {
        for (const number of numbers) {
          const phone = phoneOfSiteNumber(db, number);
          if (phone !== undefined) return phone;
        }
        return undefined;
      }),
    isInDrill: (mac) => {
      look();
      return drilled.size > 0 && (drilled.has(everyPhone) || drilled.has(mac ?? ''));
    },
    [Symbol.dispose]: () => web[Symbol.dispose](),
  };
}
