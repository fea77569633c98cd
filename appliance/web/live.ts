/** News for the browsers that are watching: journal rows as they are committed, and what changed because of them. */
import { storeNames, type StoreName } from '../store/journal-kinds.ts';
import { followStores, openReader, type JournalGap, type JournalRow, type Reader } from '../store/reader.ts';
import type { Clock, Logger } from '../world.ts';
import { trackChanges, type News } from './changes.ts';
import type { Audience } from './people.ts';
import { journalView, type Views } from './views.ts';

export interface Watcher extends Audience {
  /** Must not block; a watcher that can't keep up ends itself. */
  tell(news: News): void;
}

export interface Live extends AsyncDisposable {
  /** There are as many watchers as this box takes: send this one away. */
  isFull(next: { readonly mayOrder: boolean }): boolean;
  watch(watcher: Watcher): Disposable;
  watchers(): number;
  /** Why news may be missing; undefined when all is well. */
  trouble(): string | undefined;
}

interface Needs {
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: string;
  readonly views: Views;
}

export const maxWatchers = 24;
/** Of them for who may order: a wall of screens must not keep the admin from seeing the box. */
export const keptForAdmin = 6;
/** Rows read at once of a part. */
const rowsATurn = 200;
/** Phones change in bursts; a person needs no more than a few pictures a second. */
const refreshEveryMs = 250;
/** Parts report every second, and leases run out without a commit. */
const refreshAtLeastEveryMs = 2000;
/** Looking takes at most a fifth of the time. */
const restFactor = 4;
const retryMs = 5000;

export function startLive({ clock, log, directory, views }: Needs): Live {
  const watchers = new Set<Watcher>();
  const changes = [true, false].map((personal) => ({ personal, track: trackChanges(views, { personal }) }));
  const stop = new AbortController();
  const journals = trackJournals(directory);
  let isStale = true;
  let trouble: string | undefined;

  const onNews = (reader: Reader) => {
    isStale = true;
    for (const row of journals.rowsSince(reader, watchers.size > 0)) {
      for (const watcher of watchers) {
        watcher.tell({ event: 'journal', data: journalView(reader.part, row, watcher) });
      }
    }
  };

  const refresh = () => {
    isStale = false;
    const picture = views.look(clock.now());
    for (const { personal, track } of changes) {
      const audience = Array.from(watchers).filter((watcher) => watcher.personal === personal);
      if (audience.length === 0) continue;
      for (const news of track.since(picture)) for (const watcher of audience) watcher.tell(news);
    }
    trouble = undefined;
  };

  /** Nobody watches, nothing to do; nothing new, something now and then. */
  const isDue = (idleMs: number) => watchers.size > 0 && (isStale || idleMs >= refreshAtLeastEveryMs);

  const follow = { directory, parts: storeNames, clock, signal: stop.signal };
  const failed = (error: unknown) => {
    trouble = error instanceof Error ? error.message : String(error);
    log.error({ error: trouble }, 'live view interrupted');
  };
  const running = [
    keepTrying(async () => await followStores(follow, onNews), { clock, signal: stop.signal, failed }),
    keepTrying(async () => await keepFresh(refresh, { clock, signal: stop.signal, isDue }), {
      clock,
      signal: stop.signal,
      failed,
    }),
  ];
  return {
    isFull: ({ mayOrder }) => watchers.size >= maxWatchers - (mayOrder ? 0 : keptForAdmin),
    watch: (watcher) => {
      watchers.add(watcher);
      for (const { track } of changes) track.forget();
      isStale = true;
      return { [Symbol.dispose]: () => watchers.delete(watcher) };
    },
    watchers: () => watchers.size,
    trouble: () => trouble,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all(running);
    },
  };
}

interface Pace {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isDue: (idleMs: number) => boolean;
}

/** A site so large that looking takes long is looked at less often. */
async function keepFresh(refresh: () => void, { clock, signal, isDue }: Pace): Promise<void> {
  let idleMs = 0;
  let restMs = refreshEveryMs;
  while (!signal.aborted) {
    await clock.sleep(restMs, signal);
    idleMs += restMs;
    restMs = refreshEveryMs;
    if (!isDue(idleMs)) continue;
    const before = clock.monotonic();
    refresh();
    idleMs = 0;
    restMs = Math.max(refreshEveryMs, restFactor * (clock.monotonic() - before));
  }
}

interface Retry {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
}

/** A file that can't be read for a moment must not end the live view for ever. */
async function keepTrying(work: () => Promise<void>, { clock, signal, failed }: Retry): Promise<void> {
  while (!signal.aborted) {
    await work().catch(async (error: unknown) => {
      if (signal.aborted) return;
      failed(error);
      await clock.sleep(retryMs, signal).catch(() => undefined);
    });
  }
}

/**
 * Remembers how far each part's journal was told. What stands there at the start is history, not news; a file that
 * comes later is new altogether, but of one that was only away no more than its end is told.
 */
function trackJournals(directory: string) {
  const cursors = new Map(storeNames.map((part) => [part, lastSeqOf(directory, part)]));
  return {
    rowsSince: (reader: Reader, isWatched: boolean): (JournalRow | JournalGap)[] => {
      const last = reader.lastSeq();
      const cursor = cursors.get(reader.part) ?? Math.max(0, last - rowsATurn);
      if (!isWatched) {
        cursors.set(reader.part, last);
        return [];
      }
      const rows: (JournalRow | JournalGap)[] = [];
      for (let after = cursor; ;) {
        const next = reader.journalAfter(after, rowsATurn);
        rows.push(...next);
        const latest = next.at(-1);
        if (latest !== undefined) after = 'seq' in latest ? latest.seq : latest.to;
        cursors.set(reader.part, after);
        if (next.length < rowsATurn) return rows;
      }
    },
  };
}

function lastSeqOf(directory: string, part: StoreName): number | undefined {
  using reader = openReader(directory, part);
  return reader?.lastSeq();
}
