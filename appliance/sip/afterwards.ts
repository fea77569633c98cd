/** What is written down of a call for help: by and by, since neither a lock nor a full disk may hold it up, and none may lose it. */
import type { Store, Transaction } from '../store/store.ts';
import type { World } from '../world.ts';

type Work = (tx: Transaction) => void;

export interface Afterwards extends AsyncDisposable {
  /** In this order, tried again until the store takes it. */
  write(work: Work): void;
  /** Not on disk yet. */
  readonly waiting: number;
}

const retryMs = 1000;
/** A disk that stays full must not fill the memory too. */
const maxWaiting = 5000;

export function newAfterwards(
  { clock, log }: World,
  store: Pick<Store, 'write'>,
  onError: (error: unknown) => void,
): Afterwards {
  const queue: Work[] = [];
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let isTold = false;
  /** It may have been given up while it was on its way. */
  const done = (work: Work) => {
    if (queue[0] === work) queue.shift();
  };
  const drain = async () => {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      try {
        await store.write(next);
        done(next);
        isTold = false;
      } catch (error) {
        if (!isOfTheStore(error)) {
          done(next);
          onError(error);
          continue;
        }
        if (!isTold) log.error({ err: error, waiting: queue.length }, 'emergency call not written down yet');
        isTold = true;
        if (stop.signal.aborted) return;
        await clock.sleep(retryMs, stop.signal).catch(() => undefined);
      }
    }
  };
  return {
    write: (work) => {
      if (queue.length >= maxWaiting) queue.shift();
      queue.push(work);
      running ??= drain().finally(() => (running = undefined));
    },
    get waiting() {
      return queue.length;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** SQLite's own troubles pass; a mistake of ours would be the same next time. */
function isOfTheStore(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(?!CONSTRAINT|MISMATCH|RANGE)/.test(code);
}
