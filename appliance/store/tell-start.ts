/** The first words of a part that calls for help need: it starts whatever its disk takes. */
import type { Logger } from '../world.ts';
import type { Store } from './store.ts';

interface Start {
  readonly log: Logger;
  readonly release: string;
}

/** That it started, and that its file was begun anew. Never rejects. */
export async function tellStart(store: Store, { log, release }: Start): Promise<void> {
  const { brokenFile } = store;
  if (brokenFile !== undefined) log.error({ brokenFile }, 'the store was broken: set aside, and begun anew');
  const told = store.write((tx) => {
    tx.journal({ kind: 'started', body: { release } });
    if (brokenFile !== undefined) tx.journal({ kind: 'store_replaced', body: { broken_file: brokenFile } });
  });
  await told.catch((error: unknown) => log.error({ err: error }, 'started, and nothing can be written down'));
}
