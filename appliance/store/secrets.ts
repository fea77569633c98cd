/** `<part>.secret.db`: records that only their own part can read, sealed one by one. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../world.ts';
import { all, one, openDatabase, run } from './database.ts';
import type { PartName } from './journal-kinds.ts';
import { seal, unseal, writeKeyFile } from './sealing.ts';
import { newTurns, type Turns } from './turns.ts';
import { openWalSync } from './wal-sync.ts';

/** Valid only during the call that it was handed to. */
export interface SecretWriter {
  put(name: string, value: Uint8Array): void;
  /** False when there was none. */
  remove(name: string): boolean;
  has(name: string): boolean;
}

export interface Secrets extends Disposable {
  readonly write: Turns<SecretWriter>['write'];
  /** Throws when the record was changed behind our back or the key is another one. */
  get(name: string): { at: number; value: Uint8Array } | undefined;
  /** Names that begin with this, oldest first; those of a time that is yet to come are of before the clock was set back. */
  names(prefix: string): string[];
}

export function openSecrets(directory: string, part: PartName, clock: Pick<Clock, 'now'>): Secrets {
  const file = join(directory, part, `${part}.secret.db`);
  const key = openKey(join(directory, part, `${part}.key`));
  // The page's is written once in a while, and must be read on a full disk, where no log can be begun.
  const isWithoutWal = part === 'web';
  const db = openDatabase({ file, migrations: 'secret', synchronous: 'FULL', isWithoutWal });
  for (const name of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(name)) chmodSync(name, 0o600);
  const sync = isWithoutWal ? undefined : openWalSync(db);
  const turns = newTurns<SecretWriter>(db, {
    ...(sync && { sync }),
    given: {
      put: (name, value) => {
        run(db, 'INSERT OR REPLACE INTO secret (name, at, sealed) VALUES (?, ?, ?)', [
          name,
          clock.now(),
          seal(key, name, value),
        ]);
      },
      remove: (name) => run(db, 'DELETE FROM secret WHERE name = ?', [name]) > 0,
      has: (name) => one(db, 'SELECT 1 FROM secret WHERE name = ?', [name]) !== undefined,
    },
  });
  return {
    write: turns.write,
    get: (name) => {
      const row = one<{ at: number; sealed: Buffer }>(db, 'SELECT at, sealed FROM secret WHERE name = ?', [
        name,
      ]);
      return row && { at: row.at, value: unseal(key, name, row.sealed) };
    },
    names: (prefix) =>
      all<{ name: string }>(
        db,
        'SELECT name FROM secret WHERE name >= ? AND name < ? ORDER BY at > ? DESC, at',
        [prefix, `${prefix}\u{10FFFF}`, clock.now()],
      ).map((row) => row.name),
    [Symbol.dispose]: () => {
      turns.end();
      sync?.[Symbol.dispose]();
      db.close();
    },
  };
}

const keyBytes = 32;

/** Random bytes beside the database, made at first use, for the part's own user only. */
function openKey(file: string): KeyObject {
  if (!existsSync(file)) writeKeyFile(file, randomBytes(keyBytes), 0o600);
  const key = readFileSync(file);
  if (key.length === keyBytes) return createSecretKey(key);
  throw new Error(
    `${file} is damaged: it has ${key.length} bytes, a key has ${keyBytes}; restore it from a backup, or move it and the .secret.db beside it away (what they hold is lost then)`,
  );
}
