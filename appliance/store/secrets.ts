/** `<part>.secret.db`: records that only their own part can read, sealed one by one. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../world.ts';
import { all, makeDirectory, one, openDatabase, run } from './database.ts';
import type { PartName } from './journal-kinds.ts';
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
  /** Names that begin with this, oldest first. */
  names(prefix: string): string[];
}

const nonceBytes = 12;
const tagBytes = 16;

export function openSecrets(directory: string, part: PartName, clock: Pick<Clock, 'now'>): Secrets {
  const file = join(directory, part, `${part}.secret.db`);
  const key = openKey(join(directory, part, `${part}.key`));
  const db = openDatabase({ file, migrations: 'secret', synchronous: 'FULL' });
  for (const name of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(name)) chmodSync(name, 0o600);
  const sync = openWalSync(db);
  const turns = newTurns<SecretWriter>(db, {
    sync,
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
      all<{ name: string }>(db, 'SELECT name FROM secret WHERE name >= ? AND name < ? ORDER BY at', [
        prefix,
        `${prefix}\u{10FFFF}`,
      ]).map((row) => row.name),
    [Symbol.dispose]: () => {
      turns.end();
      sync[Symbol.dispose]();
      db.close();
    },
  };
}

const keyBytes = 32;

/** Random bytes beside the database, made at first use, for the part's own user only. */
function openKey(file: string): KeyObject {
  if (!existsSync(file)) makeKey(file);
  const key = readFileSync(file);
  if (key.length === keyBytes) return createSecretKey(key);
  throw new Error(
    `${file} is damaged: it has ${key.length} bytes, a key has ${keyBytes}; restore it from a backup, or move it and the .secret.db beside it away (what they hold is lost then)`,
  );
}

/** Complete before its name appears, whenever power fails: half a key would lock the part out of its records for ever. */
function makeKey(file: string): void {
  makeDirectory(dirname(file));
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, randomBytes(keyBytes), { mode: 0o600, flag: 'wx', flush: true });
  linkSync(fresh, file);
  rmSync(fresh);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function seal(key: KeyObject, name: string, value: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(value), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

function unseal(key: KeyObject, name: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
    .setAAD(Buffer.from(name))
    .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
}
