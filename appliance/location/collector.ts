/** Knows where phones are: asks the switches, listens on the box's own card, and writes down placements when they change. */
import type { Config } from '../config.ts';
import type { StoreName } from '../store/journal-kinds.ts';
import { readPlacements } from '../store/placements.ts';
import { followStores, type Reader } from '../store/reader.ts';
import { openStore } from '../store/store.ts';
import { journalStart } from '../store/tell-start.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import { bookPlacements } from './evidence.ts';
import { witnesses } from './known-phones.ts';
import { startListener } from './listener.ts';
import { lookAtAll, type Holdings } from './look.ts';
import { watchSwitch } from './watch.ts';

/** Everything that happened within this time is looked at once. */
const settleMs = 250;
/** And at the latest after this: lost evidence and leases end without news. */
const lookAgainMs = 5000;
/** Rows looked through for phones; among more than this there is one. */
const mostNews = 200;
export async function startLocation(world: World, config: Config): Promise<Part> {
  const { clock, log } = world;
  const store = openStore({
    directory: config.site.state_directory,
    part: 'location',
    clock,
    isReplaced: true,
  });
  const holdings: Holdings = {
    world,
    config,
    store,
    book: new Map(),
    placements: new Map(readPlacements(store.db).map((placement) => [placement.mac, placement])),
    readers: new Map(),
    watches: [],
    listener: undefined,
    counters: {
      placed: 0,
      moved: 0,
      unplaced: 0,
      conflicts: 0,
      polls: 0,
      polls_failed: 0,
      walks: 0,
      errors: 0,
    },
  };
  const names = new Set(config.location.switch.map(({ name }) => name));
  bookPlacements(holdings.book, [...holdings.placements.values()], names);
  const stop = new AbortController();
  const look = newLook(holdings, stop.signal);

  const card = config.location.interface;
  if (card !== undefined)
    holdings.listener = startListener({ world, store, interface: card, onChange: look.soon });
  startWatches(holdings, stop.signal, look.soon);
  const following = followNews(holdings, { signal: stop.signal, onNews: look.soon });
  await store.write((tx) => journalStart(tx, store, { log, release: version }));
  log.info({ switches: names.size, interface: card }, 'locating phones');

  return {
    health: () => healthOf(holdings),
    counters: () => ({
      ...holdings.counters,
      ...holdings.listener?.counters(),
      errors: holdings.counters.errors + (holdings.listener?.counters()['errors'] ?? 0),
      phones_placed: holdings.placements.size,
    }),
    [Symbol.asyncDispose]: async () => {
      await holdings.listener?.[Symbol.asyncDispose]();
      stop.abort();
      await Promise.all([...holdings.watches.map(({ done }) => done), following, look.done]);
      store[Symbol.dispose]();
    },
  };
}

function startWatches(holdings: Holdings, signal: AbortSignal, onTables: () => void): void {
  const { poll_seconds: pollSeconds, switch: switches } = holdings.config.location;
  for (const entry of switches) {
    const onChange = (change: 'tables' | 'reachable' | 'unreachable') => {
      if (change === 'tables') onTables();
      else void journalSwitch(holdings, { name: entry.name, change });
    };
    const { world, counters } = holdings;
    const pollMs = pollSeconds * 1000;
    holdings.watches.push(watchSwitch(entry, { clock: world.clock, signal, pollMs, counters, onChange }));
  }
}

/** All that is wrong, one sentence. */
function healthOf({ watches, listener }: Holdings): Health {
  const problems = [
    ...watches.map((watch) => watch.health()),
    ...(listener === undefined ? [] : [listener.health()]),
  ]
    .filter(({ state }) => state !== 'ok')
    .map(({ reason }) => reason ?? 'unknown');
  return problems.length === 0
    ? { state: 'ok' }
    : { state: 'degraded', reason: problems.slice(0, 10).join('; ') };
}

/** Looks once for everything that came up in a short while, one look at a time. */
function newLook(holdings: Holdings, signal: AbortSignal): { soon: () => void; done: Promise<void> } {
  const { clock, log } = holdings.world;
  let wake = new AbortController();
  const run = async () => {
    while (!signal.aborted) {
      await clock.sleep(lookAgainMs, AbortSignal.any([signal, wake.signal])).catch(() => undefined);
      if (wake.signal.aborted) {
        await clock.sleep(settleMs, signal).catch(() => undefined);
        wake = new AbortController();
      }
      if (signal.aborted) break;
      try {
        await lookAtAll(holdings);
      } catch (error) {
        holdings.counters.errors += 1;
        log.error({ error: String(error) }, 'placements not brought up to date');
      }
    }
  };
  return { soon: () => wake.abort(), done: run() };
}

/** News from the parts that meet phones: who is new is looked for on the switches at once. */
async function followNews(
  { world, config, readers, watches, counters }: Holdings,
  { signal, onNews }: { signal: AbortSignal; onNews: () => void },
): Promise<void> {
  const { clock, log } = world;
  const cursors = new Map<StoreName, number>();
  while (!signal.aborted) {
    try {
      await followStores(
        { directory: config.site.state_directory, parts: witnesses, clock, signal },
        (reader) => {
          readers.set(reader.part, reader);
          if (hasMetPhones(reader, cursors)) for (const watch of watches) watch.prod();
          onNews();
        },
      );
    } catch (error) {
      counters.errors += 1;
      log.error({ error: String(error) }, 'reading of other parts ended, starting again');
    } finally {
      // They were closed with the following.
      readers.clear();
    }
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  }
}

/** A journal that appears, or begins anew, counts as news. */
function hasMetPhones(reader: Reader, cursors: Map<StoreName, number>): boolean {
  const before = cursors.get(reader.part);
  const last = reader.lastSeq();
  cursors.set(reader.part, last);
  if (before === undefined || last < before) return true;
  return reader.journalAfter(before, mostNews).some((row) => 'mac' in row && row.mac !== null);
}

async function journalSwitch(
  { world, store, watches, counters }: Holdings,
  { name, change }: { name: string; change: 'reachable' | 'unreachable' },
): Promise<void> {
  const reason = watches.find(({ config }) => config.name === name)?.health().reason;
  world.log.info(
    { switch: name, reason },
    change === 'reachable' ? 'switch answers again' : 'switch does not answer',
  );
  const kind = change === 'reachable' ? 'switch_reachable' : 'switch_unreachable';
  try {
    await store.write((transaction) =>
      transaction.journal({
        kind,
        body: { switch_name: name, ...(kind === 'switch_unreachable' ? { reason } : {}) },
      }),
    );
  } catch (error) {
    counters.errors += 1;
    world.log.error({ error: String(error) }, 'journal not written');
  }
}
