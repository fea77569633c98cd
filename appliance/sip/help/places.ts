/** Where phones stand, in memory: who calls for help must not wait for a file. */
import { openLateReader } from '../../store/late-reader.ts';
import { readPlacements, type Placement } from '../../store/placements.ts';
import { repeat, type World } from '../../world.ts';

export interface Places extends AsyncDisposable {
  of(mac: string | null): Placement | undefined;
}

const everyMs = 5000;

/** Reads what location wrote, every few seconds. While that can't be read, what was known before counts. */
export function watchPlaces({ clock }: Pick<World, 'clock'>, directory: string): Places {
  const reader = openLateReader({ directory, part: 'location', clock, probe: readPlacements });
  let known = new Map<string, Placement>();
  const look = () => {
    try {
      const db = reader.database();
      if (db !== undefined) known = new Map(readPlacements(db).map((place) => [place.mac, place]));
    } catch {
      // Broken or held: old places are better than none.
    }
  };
  look();
  const looking = repeat(clock, everyMs, { work: look, onError: () => undefined });
  return {
    of: (mac) => (mac === null ? undefined : known.get(mac)),
    [Symbol.asyncDispose]: async () => {
      await looking[Symbol.asyncDispose]();
      reader[Symbol.dispose]();
    },
  };
}
