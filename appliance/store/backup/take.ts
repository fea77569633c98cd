/** Everything that makes this box this box, into one sealed file, while its parts run. */
import { closeSync, lstatSync, openSync, readdirSync, readSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readAccounts, type Accounts } from './accounts.ts';
import { entryLine, isSafe, type Entry } from './entries.ts';
import { freshFolder } from './fresh-folder.ts';
import { sealInto, type Sealing } from './sealed-file.ts';

export interface ToBackUp {
  readonly stateDirectory: string;
  readonly settingsFile: string;
  /** Absolute paths of the files and folders that the settings name. */
  readonly named: readonly string[];
}

export interface Taken {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Whoever reads others' journals comes first: its place in them is then never ahead of what was kept of them.
 * Certificates come with the authority's key, so that phones trust the box that takes this one's place.
 */
export const folders: readonly string[] = [
  'cloud',
  'web',
  'location',
  'provisioning',
  'sip',
  'rtp',
  'dhcp',
  'authority',
];

/** Samples and counters of the last days, makers' firmware, uploads, copies that a migration left, what is broken, and what a running database has open. */
const leftOut =
  /\.telemetry\.db|-(?:wal|shm|journal)$|\.before-\d|\.broken|\.new$|^(?:firmware|release|upload)$|^\./;

/**
 * Fills an open, empty file. `scratch`: a folder with room for the largest database, of which a copy that is not sealed is there
 * meanwhile: on the box's own disk.
 */
export function takeBackup(what: ToBackUp, file: number, { passphrase, scratch }: Sealer): Taken {
  const to: Target = {
    sealing: sealInto(file, passphrase),
    accounts: readAccounts(),
    scratch: freshFolder(join(scratch, '.gatehouse-backup-')),
    files: 0,
    bytes: 0,
  };
  try {
    add(to, 'settings', what.settingsFile);
    for (const path of what.named) addAny(to, `named${path}`, path);
    for (const folder of folders) addAny(to, `state/${folder}`, join(what.stateDirectory, folder));
    to.sealing.end();
    return { files: to.files, bytes: to.bytes };
  } finally {
    rmSync(to.scratch, { recursive: true, force: true });
  }
}

export interface Sealer {
  readonly passphrase: string;
  readonly scratch: string;
}

interface Target {
  readonly sealing: Sealing;
  readonly accounts: Accounts;
  readonly scratch: string;
  files: number;
  bytes: number;
}

/** Links and sockets are passed over: what a link leads to may be anything. */
function addAny(to: Target, path: string, at: string): void {
  const stat = lstatSync(at, { throwIfNoEntry: false });
  if (stat?.isFile() === true) add(to, path, at);
  if (stat?.isDirectory() !== true) return;
  to.sealing.write(entryLine(entryOf(to, path, { stat, size: 0 })));
  for (const name of readdirSync(at).toSorted())
    if (!path.startsWith('state/') || !leftOut.test(name)) addAny(to, `${path}/${name}`, join(at, name));
}

function add(to: Target, path: string, file: string): void {
  const stat = lstatSync(file);
  if (!file.endsWith('.db')) return copy(to, entryOf(to, path, { stat, size: stat.size }), file);
  const snapshot = join(to.scratch, 'snapshot.db');
  using db = closing(new Database(file, { readonly: true, fileMustExist: true, timeout: 10_000 }));
  // One moment of it, whatever is written meanwhile.
  db.exec(`VACUUM INTO '${snapshot.replaceAll("'", "''")}'`);
  copy(to, entryOf(to, path, { stat, size: lstatSync(snapshot).size }), snapshot);
  rmSync(snapshot);
}

function closing(db: Database.Database): Pick<Database.Database, 'exec'> & Disposable {
  return { exec: (sql) => db.exec(sql), [Symbol.dispose]: () => void db.close() };
}

function copy(to: Target, entry: Entry, file: string): void {
  to.sealing.write(entryLine(entry));
  const handle = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(65_536);
    for (let left = entry.size; left > 0;) {
      const got = readSync(handle, chunk, 0, Math.min(chunk.length, left), null);
      if (got === 0) throw new Error(`${file} became shorter while it was read: try again`);
      to.sealing.write(chunk.subarray(0, got));
      left -= got;
    }
  } finally {
    closeSync(handle);
  }
  to.files += 1;
  to.bytes += entry.size;
}

/** Better no backup than one that can't be put back. */
function entryOf({ accounts }: Target, path: string, { stat, size }: { stat: Stats; size: number }): Entry {
  if (!isSafe(path))
    throw new Error(`no backup can hold ${JSON.stringify(path)}: rename it, or move it away`);
  return {
    path,
    kind: stat.isDirectory() ? 'folder' : 'file',
    size,
    mode: stat.mode & 0o7777,
    user: accounts.userName(stat.uid),
    group: accounts.groupName(stat.gid),
  };
}
