/** Writes what no answer waits for, and says while it can't. */
import type { Store, Transaction } from '../store/store.ts';
import type { Logger } from '../world.ts';
import type { Counters } from './counters.ts';

export interface FactWriter {
  write(work: (transaction: Transaction) => void): void;
  problem(): string | undefined;
  /** Resolves when all that was asked is written, or refused. */
  settled(): Promise<void>;
}

interface Needs {
  readonly store: Store;
  readonly counters: Counters;
  readonly log: Logger;
}

export function openFactWriter({ store, counters, log }: Needs): FactWriter {
  const writing = new Set<Promise<void>>();
  let failure: string | undefined;
  const commit = async (work: (transaction: Transaction) => void) => {
    try {
      await store.write(work);
      failure = undefined;
    } catch (error) {
      counters.add('unsaved');
      if (failure === undefined) log.error({ err: error }, 'what was seen cannot be saved');
      failure = error instanceof Error ? error.message : String(error);
    }
  };
  return {
    write: (work) => {
      const written = commit(work).finally(() => writing.delete(written));
      writing.add(written);
    },
    problem: () => failure && `what was seen can't be saved: ${failure}`,
    settled: async () => void (await Promise.all(writing)),
  };
}
