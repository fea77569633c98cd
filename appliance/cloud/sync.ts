/** Ships every part's journal to the site's cloud: nothing lost, nothing twice, whatever is cut or killed meanwhile. */
import type { Config } from '../config.ts';
import { openHttpsPoster } from '../net/https-post.ts';
import { storeNames, type StoreName } from '../store/journal-kinds.ts';
import { followStores } from '../store/reader.ts';
import { openStore, type Store } from '../store/store.ts';
import { version, type Health, type Part, type World } from '../world.ts';
import type { Verdict } from './backoff.ts';
import { startShipper, type Shipper } from './shipper.ts';

const requestTimeoutMs = 20_000;
const maxAnswerBytes = 64 * 1024;
/** When the reading of the journals broke. */
const followAgainMs = 5000;

/** Without `cloud.url` it is a part that has nothing to do. */
export async function startCloudSync(world: World, config: Config): Promise<Part> {
  const { clock, log } = world;
  const { url } = config.cloud;
  const directory = config.site.state_directory;
  const store = openStore({ directory, part: 'cloud', clock });
  const counters = {
    rows_shipped: 0,
    batches_shipped: 0,
    gaps_shipped: 0,
    retries: 0,
    refusals: 0,
    errors: 0,
  };
  if (url === undefined) return idlePart(store);

  const stop = new AbortController();
  const poster = openHttpsPoster({
    url,
    extraCaFile: config.site.extra_ca_file,
    timeoutMs: requestTimeoutMs,
    maxAnswerBytes,
    maxConnections: storeNames.length,
  });
  const link = newLink(world, store, counters);
  const shippers: Shipper[] = storeNames.map((part) =>
    startShipper(part, {
      clock,
      signal: stop.signal,
      store,
      poster,
      site: config.site.name,
      config: config.cloud,
      counters,
      onVerdict: (from, verdict) => {
        if (link.isEndOfCut(from, verdict)) for (const shipper of shippers) shipper.hurry();
      },
      random: Math.random,
    }),
  );
  const following = followJournals(world, directory, { shippers, signal: stop.signal, counters });
  await store.write((transaction) => transaction.journal({ kind: 'started', body: { release: version } }));
  log.info({ url }, 'shipping journals');

  return {
    health: () => healthOf(shippers),
    counters: () => ({ ...counters, rows_waiting: waiting(shippers) }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all([following, ...shippers.map(({ done }) => done)]);
      poster[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

function idlePart(store: Store): Part {
  return {
    health: () => ({ state: 'ok', reason: 'cloud.url is not set: nothing is shipped' }),
    counters: () => ({}),
    [Symbol.asyncDispose]: async () => {
      store[Symbol.dispose]();
    },
  };
}

/** The same trouble is the whole link's: it is told once. */
function healthOf(shippers: readonly Shipper[]): Health {
  const problems = new Set(
    shippers.map((shipper) => shipper.problem()).filter((problem) => problem !== undefined),
  );
  return problems.size === 0 ? { state: 'ok' } : { state: 'degraded', reason: [...problems].join('; ') };
}

function waiting(shippers: readonly Shipper[]): number {
  return shippers.reduce((sum, shipper) => sum + shipper.lag(), 0);
}

/** Journals the cut and its end once, however many parts feel it. */
function newLink(
  { clock, log }: World,
  store: Store,
  counters: { errors: number },
): { isEndOfCut: (part: StoreName, verdict: Verdict) => boolean } {
  let downSince: number | undefined;
  const journal = (kind: string, body: Record<string, string | number>) => {
    store
      .write((transaction) => transaction.journal({ kind, body }))
      .catch((error: unknown) => {
        counters.errors += 1;
        log.error({ error: String(error) }, 'journal not written');
      });
  };
  return {
    isEndOfCut: (part, verdict) => {
      if (verdict.kind === 'refused') {
        log.warn({ shipped: part, reason: verdict.reason }, 'journal refused');
        journal('refused', { shipped: part, status: verdict.reason });
      } else if (verdict.kind === 'later' && downSince === undefined) {
        downSince = clock.now();
        log.warn({ reason: verdict.reason }, 'cloud away');
        journal('unreachable', { reason: verdict.reason });
      } else if (verdict.kind === 'taken' && downSince !== undefined) {
        const afterSeconds = Math.round((clock.now() - downSince) / 1000);
        downSince = undefined;
        log.info({ afterSeconds }, 'cloud is back');
        journal('reachable', { after_seconds: afterSeconds });
        return true;
      }
      return false;
    },
  };
}

async function followJournals(
  { clock, log }: World,
  directory: string,
  {
    shippers,
    signal,
    counters,
  }: { shippers: readonly Shipper[]; signal: AbortSignal; counters: { errors: number } },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await followStores({ directory, parts: storeNames, clock, signal }, (reader) => {
        shippers.find(({ part }) => part === reader.part)?.wake(reader);
      });
    } catch (error) {
      counters.errors += 1;
      log.error({ error: String(error) }, 'reading of journals ended, starting again');
    } finally {
      for (const shipper of shippers) shipper.forget();
    }
    await clock.sleep(followAgainMs, signal).catch(() => undefined);
  }
}
