/** One SQLite file: how it is opened, migrated and asked. Nothing else in Gatehouse opens a database. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { syncFolder } from './sync-folder.ts';

export type { Database } from 'better-sqlite3';

/** The file was written by a newer release, and this one can't know what that means. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError';
}

interface OpenOptions {
  readonly file: string;
  /** Folder below `migrations/`. */
  readonly migrations: string;
  /** FULL: a commit is on disk when it returns. NORMAL: the last seconds may be lost at a power cut. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** For a file that is written by processes that come and go: readers without the right to write can always open it. */
  readonly isWithoutWal?: boolean;
}

/** KiB of a file that each connection keeps; better-sqlite3's own 16 MB would be a copy of what the kernel has in memory anyway. */
export const cacheSize = 'cache_size = -2000';

/** Opens for the only writer, makes directory and file when missing, migrates forward. */
export function openDatabase(options: OpenOptions): Database.Database {
  const { file, migrations, synchronous, isWithoutWal = false } = options;
  makeDirectory(dirname(file));
  const before = process.umask(0o027);
  try {
    const db = new Database(file);
    db.pragma(`journal_mode = ${isWithoutWal ? 'DELETE' : 'WAL'}`);
    // Without a WAL a commit is the end of its journal, and one that the folder still has after a power cut takes the commit back.
    db.pragma(`synchronous = ${isWithoutWal && synchronous === 'FULL' ? 'EXTRA' : synchronous}`);
    db.pragma('foreign_keys = ON');
    db.pragma(cacheSize);
    // A small WAL keeps checkpoints short: a large one was measured to stall a commit for 172 ms.
    db.pragma('wal_autocheckpoint = 400');
    migrate(db, file, readMigrations(migrations));
    // Waiting would stop the whole process, calls too: whoever writes comes back later (`turns.ts`). Without a WAL a commit also waits
    // for who reads, which takes moments, and nobody is in a call with a process that comes and goes.
    db.pragma(`busy_timeout = ${isWithoutWal ? 2000 : 0}`);
    return db;
  } finally {
    process.umask(before);
  }
}

/** Group gatehouse reads (2750, files 0640), nobody else: facts from one user's part cross to the others this way. */
export function makeDirectory(directory: string): void {
  if (mkdirSync(directory, { recursive: true }) === undefined) return;
  // Not by mkdir's mode: the kernel drops the set-group-id bit there.
  chmodSync(directory, 0o2750);
}

interface Migration {
  readonly version: number;
  readonly sql: string;
}

/** `NNNN-name.sql` in order; NNNN counts from 0001 without gaps. */
export function readMigrations(folder: string): Migration[] {
  const directory = join(import.meta.dirname, '../store/migrations', folder);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name, at) => {
      if (Number(name.slice(0, 4)) !== at + 1) throw new Error(`migration ${folder}/${name} is out of order`);
      return { version: at + 1, sql: readFileSync(join(directory, name), 'utf8') };
    });
}

/**
 * A newer release's database is used as it is while its migrations only added: a box that rolls back goes on with it. A migration
 * that takes something away says with `PRAGMA application_id = N` that a release must know N migrations to use it.
 */
export function isTooNew(db: Database.Database, known: number): boolean {
  return (db.pragma('application_id', { simple: true }) as number) > known;
}

function migrate(db: Database.Database, file: string, migrations: readonly Migration[]): void {
  const present = db.pragma('user_version', { simple: true }) as number;
  if (isTooNew(db, migrations.length)) {
    db.close();
    throw new NewerDatabaseError(
      `${file} has version ${present}, this release knows ${migrations.length}: start the newer release again, or restore a backup made by this one`,
    );
  }
  if (present > 0 && present < migrations.length) keepCopy(db, file, present);
  for (const { version, sql } of migrations.slice(present)) {
    db.transaction(() => {
      // Box's file may be opened by several processes at the same moment: another one was faster.
      if ((db.pragma('user_version', { simple: true }) as number) >= version) return;
      db.exec(sql);
      db.pragma(`user_version = ${version}`);
    }).immediate();
  }
}

/** For whoever must go back by hand. The one before stays too; more would fill the disk, at the latest where each start fails. */
function keepCopy(db: Database.Database, file: string, version: number): void {
  const stem = `${basename(file)}.before-`;
  const former = readdirSync(dirname(file))
    .filter((name) => name.startsWith(stem))
    .toSorted((a, b) => madeAt(a) - madeAt(b));
  for (const name of former.slice(0, -1)) rmSync(join(dirname(file), name), { force: true });
  // Whole before it has this name: of a start that was cut there would be an empty one to go back to, and it would push out a good one.
  const unfinished = `${file}.copy.new`;
  const discard = () => {
    for (const end of ['', '-journal']) rmSync(`${unfinished}${end}`, { force: true });
  };
  discard();
  try {
    // SQLite syncs what it has copied.
    db.exec(`VACUUM INTO '${unfinished.replaceAll("'", "''")}'`);
  } catch (error) {
    discard();
    throw error;
  }
  renameSync(unfinished, `${file}.before-${version + 1}-${Date.now()}`);
  syncFolder(dirname(file));
}

function madeAt(copy: string): number {
  return Number(copy.slice(copy.lastIndexOf('-') + 1));
}

/** Prepared statements live as long as their database. */
const prepared = new WeakMap<Database.Database, Map<string, Database.Statement>>();

export function statement(db: Database.Database, sql: string): Database.Statement {
  let ofDatabase = prepared.get(db);
  if (ofDatabase === undefined) prepared.set(db, (ofDatabase = new Map()));
  let found = ofDatabase.get(sql);
  if (found === undefined) ofDatabase.set(sql, (found = db.prepare(sql)));
  return found;
}

/** Positional values, or an object for named ones (`@mac`). */
export type Values = readonly unknown[] | Readonly<Record<string, unknown>>;

/** The first row, typed by the caller: the columns are in the SQL beside the call. */
export function one<Row>(db: Database.Database, sql: string, values: Values = []): Row | undefined {
  return statement(db, sql).get(values) as Row | undefined;
}

export function all<Row>(db: Database.Database, sql: string, values: Values = []): Row[] {
  return statement(db, sql).all(values) as Row[];
}

/** Row by row, for more than memory is for. The connection can do nothing else meanwhile. */
export function each<Row>(db: Database.Database, sql: string, values: Values = []): IterableIterator<Row> {
  return statement(db, sql).iterate(values) as IterableIterator<Row>;
}

/** Runs a writing statement; returns how many rows changed. */
export function run(db: Database.Database, sql: string, values: Values = []): number {
  const writing = statement(db, sql);
  // Taking values out of an array costs the binding a tenth of a lease's write.
  const result = Array.isArray(values) ? writing.run(...(values as unknown[])) : writing.run(values);
  return result.changes;
}
