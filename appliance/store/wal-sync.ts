/** Commits made durable beside the event loop: COMMIT writes to the WAL, and the WAL is synced on another thread. */
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { Database } from './database.ts';

export interface WalSync extends Disposable {
  /** `done` is called when all that was committed before is on disk. */
  later(done: () => void): void;
  /** All that was committed is on disk when it returns. */
  now(): void;
}

/**
 * For the only writer of a file in WAL mode. SQLite orders its checkpoints as before (`synchronous = NORMAL` syncs the WAL
 * before it copies from it); only the sync at each commit is ours from here on.
 */
export function openWalSync(db: Database): WalSync {
  db.pragma('synchronous = NORMAL');
  const wal = openSync(`${db.name}-wal`, 'r');
  let running = 0;
  let isOpen = true;
  const close = () => {
    if (!isOpen && running === 0) closeSync(wal);
  };
  return {
    later: (done) => {
      running += 1;
      fdatasync(wal, (error) => {
        running -= 1;
        // The kernel takes the pages for clean after this, and the next sync would say that all is well. What is on disk
        // is read anew by the next process.
        if (error) throw error;
        close();
        done();
      });
    },
    now: () => fdatasyncSync(wal),
    [Symbol.dispose]: () => {
      isOpen = false;
      close();
    },
  };
}
