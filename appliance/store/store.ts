/** A part's own file: the one connection that writes, one commit for everything of one turn of the event loop. */
import { join } from 'node:path';
import type { Clock } from '../world.ts';
import { openDatabase, type Database } from './database.ts';
import { Journal, type JournalEntry, type JournalQuota } from './journal.ts';
import { openOrReplace } from './broken-file.ts';
import type { StoreName } from './journal-kinds.ts';
import { newTurns, type Turns } from './turns.ts';
import { openWalSync } from './wal-sync.ts';

/** What a write may do; valid only during the call that it was handed to. */
export interface Transaction {
  readonly db: Database;
  journal(entry: JournalEntry): void;
}

export interface Store extends Disposable {
  /** For reading in table files; never write through it. */
  readonly db: Database;
  /** Where a file is that was broken when it was opened. */
  readonly brokenFile: string | undefined;
  readonly write: Turns<Transaction>['write'];
  readonly soon: Turns<Transaction>['soon'];
  /** Called after each commit: readers in this process can't see it by `data_version` on this connection. */
  onCommit(listener: () => void): Disposable;
}

interface StoreOptions {
  /** The site's state directory; the part's own folder is made below it. */
  readonly directory: string;
  readonly part: StoreName;
  readonly clock: Pick<Clock, 'now'>;
  readonly quota?: Partial<JournalQuota>;
  /**
   * Commits are synced beside the event loop. Readers may see a row as much before it is on disk as a sync takes; who waits
   * for `write` does not.
   */
  readonly isSyncedApart?: boolean;
  /** Milliseconds between one commit and the next, for a part that writes all the time; who waits for `write` waits so much longer. */
  readonly pauseMs?: number;
  /** A sync apart that fails rejects the writes that wait for it, in the place of ending the process. */
  readonly isSyncFailureTold?: boolean;
  /** For a part whose work matters more than its past: a file that is broken is set aside and begun anew. */
  readonly isReplaced?: boolean;
}

export function openStore(options: StoreOptions): Store {
  const { directory, part, clock, quota, pauseMs = 0 } = options;
  const { isSyncedApart = false, isSyncFailureTold = false, isReplaced = false } = options;
  const file = storeFile(directory, part);
  // A clean end of the last process takes the WAL with it, and of `box` there is none most of the time.
  const isWithoutWal = part === 'box';
  const open = () => openDatabase({ file, migrations: part, synchronous: 'FULL', isWithoutWal });
  const { db, brokenFile } = isReplaced
    ? openOrReplace(file, open, clock.now())
    : { db: open(), brokenFile: undefined };
  const journal = new Journal(db, { part, clock, ...(quota ? { quota } : {}) });
  const listeners = new Set<() => void>();
  let wake: NodeJS.Timeout | undefined;

  /** Counted rows must become visible although nobody writes any more. */
  const wakeForRepeats = () => {
    clearTimeout(wake);
    if (journal.nextDue === 0) return;
    wake = setTimeout(
      () => void store.write(() => undefined).catch(() => undefined),
      Math.max(1, journal.nextDue - clock.now() + 1),
    ).unref();
  };

  const sync = isSyncedApart ? openWalSync(db, { isFailureTold: isSyncFailureTold }) : undefined;
  const turns = newTurns<Transaction>(db, {
    ...(sync ? { sync } : {}),
    pauseMs,
    given: { db, journal: (entry) => journal.append(entry) },
    onCommit: () => journal.housekeep(),
    onEnd: (error) => {
      if (error === undefined) for (const listener of listeners) listener();
      else journal.forget();
      wakeForRepeats();
    },
  });

  const store: Store = {
    db,
    brokenFile,
    write: turns.write,
    soon: turns.soon,
    onCommit: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
    [Symbol.dispose]: () => {
      turns.end();
      clearTimeout(wake);
      // Not closed: a clean close removes the WAL, and readers of another user could then not open the file.
    },
  };
  return store;
}

/** Where a part's facts are, for owner and readers alike. */
export function storeFile(directory: string, part: StoreName): string {
  return join(directory, part, `${part}.db`);
}
