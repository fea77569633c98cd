/**
 * Starts a part's opener again on what power cuts have left: `node comeback-process.ts <task>`, a {@link ComebackTask} as JSON, in a
 * mount namespace of its own. Says a {@link Comeback} as JSON for each cut.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { seededRandom } from '../support/hostile-bytes.ts';
import { boxDatabase } from './box-databases.ts';
import {
  copyAside,
  factsOfFile,
  filesBeside,
  lateMark,
  type Columns,
  type DatabaseFacts,
} from './earlier-database.ts';
import { cutAfter, type Forgotten } from './forgetful-disk.ts';

export interface ComebackTask {
  /** Of the database, below the state directory. */
  readonly file: string;
  readonly columns: Columns;
  /** The disk before anything was migrated, and the recorder's log since. */
  readonly image: string;
  readonly log: string;
  /** Where in the log the power fails. */
  readonly cuts: readonly number[];
  readonly seed: number;
  readonly lies: boolean;
  readonly scratch: string;
}

export interface Comeback {
  readonly cut: number;
  readonly forgotten: Forgotten;
  /** What the cut left; undefined where there is no file. */
  readonly found: DatabaseFacts | { readonly error: string } | undefined;
  /** Copies made before migrating, as the cut left them. */
  readonly copies: readonly (DatabaseFacts | { readonly error: string })[];
  /** Rows written after the migrations that were there before the file was opened again. */
  readonly lateRows: number;
  /** After the part has opened it. */
  readonly back: DatabaseFacts | { readonly error: string };
  /** Files that were set aside as broken. */
  readonly setAside: readonly string[];
}

const task = JSON.parse(process.argv[2] ?? '') as ComebackTask;
const { columns, scratch } = task;
const database = boxDatabase(task.file);
const log = readFileSync(task.log);
const random = seededRandom(task.seed);
const [image, mount, state] = ['image', 'mount', 'state'].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];

mkdirSync(mount, { recursive: true });
for (const cut of task.cuts) {
  copyFileSync(task.image, image);
  const forgotten = cutAfter(image, log.subarray(0, cut), { random, lies: task.lies });
  for (const old of [state, join(scratch, 'look')]) rmSync(old, { recursive: true, force: true });
  execFileSync('mount', ['-o', 'loop', image, mount]);
  cpSync(join(mount, 'state'), state, { recursive: true });
  execFileSync('umount', [mount]);
  console.log(JSON.stringify({ cut, forgotten, ...(await comeBack(join(state, task.file))) }));
}
process.exit(0);

async function comeBack(file: string): Promise<Omit<Comeback, 'cut' | 'forgotten'>> {
  const left = lookAt(file);
  let back: Comeback['back'];
  try {
    using opened = database.open(state);
    await opened.acknowledge?.();
    back = factsOf(file);
  } catch (error) {
    back = { error: String(error) };
  }
  const setAside = filesBeside(file, readdirSync(dirname(file))).filter((end) => end.includes('.broken'));
  return { ...left, back, setAside };
}

function lookAt(file: string): Pick<Comeback, 'copies' | 'found' | 'lateRows'> {
  if (!existsSync(file)) return { found: undefined, copies: [], lateRows: 0 };
  const copies = filesBeside(file, readdirSync(dirname(file))).filter((end) => end.includes('.before-'));
  return {
    found: factsOf(file),
    copies: copies.map((end) => factsOf(`${file}${end}`)),
    lateRows: lateRows(join(scratch, 'look', basename(file))),
  };
}

/** Of a copy: looking must change nothing of what the part will find. */
function factsOf(file: string): DatabaseFacts | { error: string } {
  try {
    return factsOfFile(copyAside(file, join(scratch, 'look')), columns);
  } catch (error) {
    return { error: String(error) };
  }
}

function lateRows(copy: string): number {
  const db = new Database(copy);
  const count = (table: string, column: string) =>
    db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = '${table}'`).get() === undefined
      ? 0
      : Number(db.prepare(`SELECT count(*) FROM ${table} WHERE ${column} LIKE '${lateMark}%'`).pluck().get());
  try {
    return count('journal', 'kind') + count('secret', 'name');
  } catch {
    // Told by its facts.
    return 0;
  } finally {
    db.close();
  }
}
