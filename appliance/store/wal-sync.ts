/** Commits made durable beside the event loop: COMMIT writes to the WAL, and the WAL is synced on another thread. */
import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Database } from './database.ts';

export interface WalSync extends Disposable {
  /** `done` is called when all that was committed before is on disk, or with the error that says that it may not be. */
  later(done: (error?: Error) => void): void;
  /** All that was committed is on disk when it returns. */
  now(): void;
}

interface WalSyncOptions {
  /** A sync that fails is told to whoever waits for it. Otherwise it ends the process, and the next one reads what is on disk. */
  readonly isFailureTold?: boolean;
  readonly fdatasync?: (file: number, done: (error: Error | null) => void) => void;
}

/**
 * For the only writer of a file in WAL mode. SQLite orders its checkpoints as before (`synchronous = NORMAL` syncs the WAL
 * before it copies from it); only the sync at each commit is ours from here on.
 */
export function openWalSync(db: Database, options: WalSyncOptions = {}): WalSync {
  db.pragma('synchronous = NORMAL');
  const wal = openSync(`${db.name}-wal`, 'r+');
  const start = options.fdatasync ?? fdatasync;
  let running = 0;
  let isOpen = true;
  const close = () => {
    if (!isOpen && running === 0) closeSync(wal);
  };
  return {
    later: (done) => {
      running += 1;
      start(wal, (error) => {
        running -= 1;
        // The kernel takes the pages for clean after this, and the next sync would say that all is well.
        if (error !== null && options.isFailureTold !== true) throw error;
        if (error !== null) writeAgain(wal);
        close();
        done(error ?? undefined);
      });
    },
    now: () => fdatasyncSync(wal),
    [Symbol.dispose]: () => {
      isOpen = false;
      close();
    },
  };
}

/** As it stands in memory, so that the next sync has it to write: SQLite's own, before it copies from the WAL, too. */
function writeAgain(wal: number): void {
  const piece = Buffer.alloc(65_536);
  try {
    const { size } = fstatSync(wal);
    for (let at = 0, length = 1; at < size && length > 0; at += length) {
      length = readSync(wal, piece, 0, piece.length, at);
      writeSync(wal, piece, 0, length, at);
    }
  } catch {
    // A disk that can't do this either fails the next sync.
  }
}
