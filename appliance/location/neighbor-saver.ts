/** Keeps the file of neighbours like the table in memory: the difference, in one commit, and little of it in the journal. */
import { dropStaleNeighbors, removeNeighbor, saveNeighbor, type Neighbor } from '../store/neighbors.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { NeighborTable } from './neighbors.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';

/** Neighbours that come and go are journaled this often: the journal is not an attacker's to fill. */
const [journalPerSecond, journalBurst] = [0.1, 64];
/** Being heard again is written down this often only. */
const refreshMs = 30_000;

/** The function to call now and then; it does nothing when nothing changed. Rejects with the commit's error. */
export function neighborSaver(
  store: Store,
  table: NeighborTable,
): (now: number, state: { isFlooded: boolean }) => Promise<void> {
  let saved = new Map(table.byKey);
  let isFirst = true;
  const bucket = newTokenBucket({ burst: journalBurst, perSecond: journalPerSecond });
  return async (now, { isFlooded }) => {
    const current = new Map(table.byKey);
    const gone = [...saved].filter(([key]) => !current.has(key)).map(([, neighbor]) => neighbor);
    const fresh = [...current].filter(([key, neighbor]) => isWorthWriting(saved.get(key), neighbor));
    if (gone.length === 0 && fresh.length === 0 && !isFlooded && !isFirst) return;
    await store.write((transaction) => {
      if (isFirst) dropStaleNeighbors(transaction.db, table.interface, now);
      for (const neighbor of gone) {
        removeNeighbor(transaction.db, neighbor);
        if (takeToken(bucket, now)) journalNeighbor(transaction, 'neighbor_lost', neighbor);
      }
      for (const [key, neighbor] of fresh) {
        saveNeighbor(transaction.db, neighbor);
        if (!saved.has(key) && takeToken(bucket, now)) journalNeighbor(transaction, 'neighbor', neighbor);
      }
      if (isFlooded) transaction.journal({ kind: 'flood', body: { interface: table.interface } });
    });
    isFirst = false;
    const written = new Map(fresh);
    saved = new Map(
      [...current].map(([key, neighbor]) => [key, written.get(key) ?? saved.get(key) ?? neighbor]),
    );
  };
}

function isWorthWriting(before: Neighbor | undefined, after: Neighbor): boolean {
  if (before === undefined) return true;
  if (before === after) return false;
  const { heardAt, expiresAt: _expires, ...words } = after;
  const isSame = Object.entries(words).every(([name, value]) => before[name as keyof Neighbor] === value);
  return !isSame || heardAt - before.heardAt >= refreshMs || before.expiresAt - heardAt < refreshMs / 2;
}

function journalNeighbor(
  transaction: Transaction,
  kind: 'neighbor' | 'neighbor_lost',
  neighbor: Neighbor,
): void {
  const { protocol, chassis, port, systemName, mac } = neighbor;
  transaction.journal({
    kind,
    mac,
    body: { interface: neighbor.interface, protocol, chassis, port, system_name: systemName },
  });
}
