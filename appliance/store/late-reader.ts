/** Facts of a part that may start later than the one who reads them. */
import type { Clock } from '../world.ts';
import type { Database } from './database.ts';
import type { StoreName } from './journal-kinds.ts';
import { openReader, type Reader } from './reader.ts';

/** How long to wait before looking for the file again. */
const retryMs = 1000;

export interface LateReader extends Disposable {
  /** Undefined while the file, or its tables, are not there. */
  database(): Database | undefined;
}

interface Looking {
  readonly directory: string;
  readonly part: StoreName;
  readonly clock: Pick<Clock, 'now'>;
  /** Throws when the table that is needed is not there: the part makes its tables after its file. */
  readonly probe: (db: Database) => void;
}

export function openLateReader({ directory, part, clock, probe }: Looking): LateReader {
  let reader: Reader | undefined;
  let nextTry = 0;
  const isReady = ({ db }: Reader) => {
    try {
      probe(db);
      return true;
    } catch {
      // No such table: an image older than the table, or a start that has just begun.
      return false;
    }
  };
  return {
    database: () => {
      if (reader !== undefined || clock.now() < nextTry) return reader?.db;
      nextTry = clock.now() + retryMs;
      const found = openReader(directory, part);
      // Whoever asks is in the middle of something; a file that is held is one that isn't there.
      found?.db.pragma('busy_timeout = 100');
      if (found !== undefined && !isReady(found)) found[Symbol.dispose]();
      else reader = found;
      return reader?.db;
    },
    [Symbol.dispose]: () => reader?.[Symbol.dispose](),
  };
}
