/**
 * What the admin told the box of an outage beforehand, in web's file: whose which number is, and for whom one is played. Kept
 * in memory, since calls for help wait for no file.
 */
import { readDrills, type Drill } from '../store/drills.ts';
import { openLateReader } from '../store/late-reader.ts';
import { readSiteNumbers } from '../store/site-numbers.ts';
import { everyPhone } from '../store/tasks.ts';
import { repeat, type World } from '../world.ts';
import { numberList, type NumberList } from './dial-plan.ts';

export interface SiteLists extends NumberList, AsyncDisposable {
  /** An outage is played for this phone; without a MAC only when one is played for all. */
  isInDrill(mac: string | null | undefined): boolean;
  /** When the last one ends, ms since 1970; undefined: none is played. */
  playedUntil(): number | undefined;
}

/** A list or a drill counts so much late. */
const lookMs = 1000;

/** A file that can't be read leaves what was known. */
export function openSiteLists(directory: string, { clock, log }: World): SiteLists {
  const web = openLateReader({ directory, part: 'web', clock, probe: (db) => void readSiteNumbers(db) });
  let version: unknown;
  let drills: readonly Drill[] = [];
  let list = numberList([]);
  const look = () => {
    const db = web.database();
    const current: unknown = db?.pragma('data_version', { simple: true });
    if (db === undefined || current === version) return;
    drills = readDrills(db, clock.now());
    list = numberList(readSiteNumbers(db));
    version = current;
  };
  const failed = (error: unknown) => log.warn({ err: error }, "the site's lists not read");
  try {
    look();
  } catch (error) {
    failed(error);
  }
  const looking = repeat(clock, lookMs, { work: look, onError: failed });
  return {
    phoneOf: (numbers) => list.phoneOf(numbers),
    isInDrill: (mac) => {
      if (drills.length === 0) return false;
      const now = clock.now();
      return drills.some(({ target, endsAt }) => endsAt > now && (target === everyPhone || target === mac));
    },
    playedUntil: () => {
      const now = clock.now();
      const ends = drills.map(({ endsAt }) => endsAt).filter((endsAt) => endsAt > now);
      return ends.length === 0 ? undefined : Math.max(...ends);
    },
    [Symbol.asyncDispose]: async () => {
      await looking[Symbol.asyncDispose]();
      web[Symbol.dispose]();
    },
  };
}
