/** A database as an earlier release left it: its migrations and no later ones, many rows, and some of them only in its log yet. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { readMigrations } from '../../appliance/store/database.ts';

/** What is told of a file, to be compared. */
export interface DatabaseFacts {
  /** How many migrations it has had. */
  readonly version: number;
  /** Of all tables and indexes, as one text. */
  readonly schema: string;
  /** What SQLite's own check says; "ok". */
  readonly integrity: string;
  /** A digest of all rows by table, without what later migrations added. */
  readonly rows: Readonly<Record<string, string>>;
}

/** Columns by table, of which the digests are made. */
export type Columns = Readonly<Record<string, readonly string[]>>;

const rowsPerTable = 2000;
/** For the columns that SQL and the journal look into (its windows of repeats stay open); the others take anything of their type. */
const valuesByColumn: Readonly<Record<string, unknown>> = { state: 'bound', reserved: 0, due: 10_000 };
/** What is written after the migrations begins with it, and no digest counts that. */
export const lateMark = 'acknowledged';

/** The schema that the first `version` migrations make. */
export function schemaAt(migrations: string, version: number): { schema: string; columns: Columns } {
  const db = new Database(':memory:');
  migrateTo(db, migrations, version);
  const found = { schema: schemaOf(db), columns: columnsOf(db) };
  db.close();
  return found;
}

interface Earlier {
  readonly file: string;
  readonly migrations: string;
  /** 0: the release knew no such file. */
  readonly version: number;
  readonly isWithoutWal: boolean;
}

/** Left behind as by a process that was killed. */
export function makeEarlierDatabase({ file, migrations, version, isWithoutWal }: Earlier): DatabaseFacts {
  mkdirSync(dirname(file), { recursive: true });
  if (version === 0) return { version: 0, schema: '', integrity: 'ok', rows: {} };
  const making = `${file}.making`;
  const db = new Database(making);
  db.pragma(`journal_mode = ${isWithoutWal ? 'DELETE' : 'WAL'}`);
  db.pragma('wal_autocheckpoint = 400');
  migrateTo(db, migrations, version);
  const columns = columnsOf(db);
  for (const table of Object.keys(columns)) fill(db, table);
  const facts = factsOf(db, columns);
  for (const end of ['', '-wal'])
    if (existsSync(`${making}${end}`)) copyFileSync(`${making}${end}`, `${file}${end}`);
  db.close();
  rmSync(making);
  return facts;
}

function migrateTo(db: Database.Database, migrations: string, version: number): void {
  for (const { sql } of readMigrations(migrations).slice(0, version)) db.exec(sql);
  db.pragma(`user_version = ${version}`);
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** The n-th row has the same text in each of its columns, so that rows of different tables belong together. */
function fill(db: Database.Database, table: string): void {
  const columns = db.prepare<[string], Column>('SELECT name, type FROM pragma_table_info(?)').all(table);
  const marks = columns.map(() => '?').join();
  const insert = db.prepare(`INSERT OR IGNORE INTO "${table}" VALUES (${marks})`);
  const rows = Array.from({ length: rowsPerTable }, (_, at) => at + 1);
  for (let from = 0; from < rows.length; from += 500) {
    db.transaction(() => {
      for (const row of rows.slice(from, from + 500))
        insert.run(columns.map((column) => valuesByColumn[column.name] ?? valueOf(column, row)));
    })();
  }
  const [count = 0] = db.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().all();
  if (count === 0) throw new Error(`${basename(db.name)}: no row fits into ${table}`);
}

function valueOf({ type }: Column, row: number): unknown {
  if (type === 'INTEGER') return row;
  const text = `${row} ${createHash('sha256').update(String(row)).digest('hex').slice(0, 24)}`;
  return type === 'BLOB' ? Buffer.from(text) : text;
}

export function factsOf(db: Database.Database, columns: Columns): DatabaseFacts {
  return {
    version: db.pragma('user_version', { simple: true }) as number,
    schema: schemaOf(db),
    integrity: (db.pragma('integrity_check') as { integrity_check: string }[])
      .map(({ integrity_check: line }) => line)
      .join('; '),
    rows: Object.fromEntries(Object.entries(columns).map(([table, of]) => [table, digest(db, table, of)])),
  };
}

/** The facts of a file that nobody has open; opening it does what SQLite does after a power cut. */
export function factsOfFile(file: string, columns: Columns): DatabaseFacts {
  const db = new Database(file, { fileMustExist: true });
  try {
    return factsOf(db, columns);
  } finally {
    db.close();
  }
}

function digest(db: Database.Database, table: string, columns: readonly string[]): string {
  const text = columns.map((column) => `quote("${column}")`).join(` || ',' || `);
  const hash = createHash('sha256');
  let count = 0;
  for (const row of db.prepare<[], string>(`SELECT ${text} FROM "${table}" ORDER BY 1`).pluck().iterate()) {
    if (row.includes(`'${lateMark}`)) continue;
    hash.update(`${row}\n`);
    count += 1;
  }
  return `${count} rows, ${hash.digest('hex').slice(0, 16)}`;
}

function tablesOf(db: Database.Database): string[] {
  const tables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`;
  return db.prepare<[], string>(tables).pluck().all();
}

function columnsOf(db: Database.Database): Columns {
  const names = db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck();
  return Object.fromEntries(tablesOf(db).map((table) => [table, names.all(table)]));
}

function schemaOf(db: Database.Database): string {
  const all = 'SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name';
  return db.prepare<[], string>(all).pluck().all().join('\n');
}

/** All of a folder's files that belong to this database, by what their names have more. */
export function filesBeside(file: string, names: readonly string[]): string[] {
  const name = basename(file);
  return names.filter((other) => other.startsWith(name)).map((other) => other.slice(name.length));
}

/** Where a copy is looked at, so that looking changes nothing on the disk. */
export function copyAside(file: string, scratch: string): string {
  mkdirSync(scratch, { recursive: true });
  const copy = join(scratch, basename(file));
  for (const end of ['', '-wal', '-journal']) {
    rmSync(`${copy}${end}`, { force: true });
    if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, `${copy}${end}`);
  }
  rmSync(`${copy}-shm`, { force: true });
  return copy;
}
