/** The first words of a part: that it started, and that its file was begun anew. */
import type { Logger } from '../world.ts';
import type { Store, Transaction } from './store.ts';

interface Start {
  readonly log: Logger;
  readonly release: string;
}

/** Goes on when nothing can be written down: for a part that calls for help need, and for the page. Never rejects. */
export async function tellStart(store: Store, start: Start): Promise<void> {
  const told = store.write((tx) => journalStart(tx, store, start));
  await told.catch((error: unknown) =>
    start.log.error({ err: error }, 'started, and nothing can be written down'),
  );
}

export function journalStart(
  tx: Transaction,
  { brokenFile }: Pick<Store, 'brokenFile'>,
  { log, release }: Start,
): void {
  if (brokenFile !== undefined) log.error({ brokenFile }, 'the store was broken: set aside, and begun anew');
  tx.journal({ kind: 'started', body: { release } });
  if (brokenFile !== undefined) tx.journal({ kind: 'store_replaced', body: { broken_file: brokenFile } });
}
