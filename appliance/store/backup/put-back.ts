/** A backup back onto a box, this one or its successor: everything is opened, checked and written first, then changes places at once. */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { freeBytes, leftFreeBytes } from '../disk-room.ts';
import { partNames } from '../journal-kinds.ts';
import { syncFolder } from '../sync-folder.ts';
import { writeWhole } from '../write-whole.ts';
import { readAccounts, type Accounts } from './accounts.ts';
import { checkDatabase, renameJournalsIn } from './databases.ts';
import { freshFolder } from './fresh-folder.ts';
import { readEntries, type Entry, type EntryWithContent } from './entries.ts';
import { BackupError } from './sealed-file.ts';
import { folders } from './take.ts';

export interface PutBack {
  readonly settingsFile: string;
  /** What the settings in the backup say: where state belongs, and which other files and folders may be written. Throws when they are wrong. */
  readonly readSettings: (toml: string) => {
    readonly stateDirectory: string;
    readonly named: readonly string[];
  };
  /** Unix time in ms: names what was there before. */
  readonly now: number;
}

/** Where what was there before is now: to be looked at, and removed by hand. */
export interface Replaced {
  readonly kept: readonly string[];
  readonly stateDirectory: string;
}

/** All of a backup beside what it is to replace, opened and judged. Disposing of it removes what has not changed places. */
export interface Prepared extends Disposable {
  /** Of its files. */
  readonly bytes: number;
  /** All or nothing; what fails leaves the box as it was. */
  exchange(): Replaced;
}

/** `pieces`: what is in the backup, opened. */
export function putBack(pieces: Iterable<Buffer>, options: PutBack): Replaced {
  using prepared = preparePutBack(pieces, options);
  return prepared.exchange();
}

/** Nothing of the box is touched, whose parts may run. Throws {@link BackupError} for what no backup of ours has in it. */
export function preparePutBack(pieces: Iterable<Buffer>, options: PutBack): Prepared {
  const entries = readEntries(pieces);
  const first = entries.next();
  if (first.done === true || first.value.entry.path !== 'settings')
    throw new BackupError('it has no settings in it');
  if (first.value.entry.size > mostSettingsBytes)
    throw new BackupError(`the settings in it are larger than ${mostSettingsBytes / 1024} KiB`);
  const toml = Buffer.concat([...first.value.content]);
  const { stateDirectory, named } = options.readSettings(toml.toString('utf8'));
  const parent = dirname(stateDirectory);
  mkdirSync(parent, { recursive: true });
  // On the same disk: a rename then puts all of it in place.
  const staging = freshFolder(join(parent, `.${basename(stateDirectory)}-restored-`));
  const where: Staging = {
    staging,
    accounts: process.getuid?.() === 0 ? readAccounts() : undefined,
    steps: [],
    bytes: 0,
  };
  const dispose = () => {
    for (const { from } of where.steps) rmSync(from, { recursive: true, force: true });
    rmSync(staging, { recursive: true, force: true });
  };
  try {
    stage(where, { entry: first.value.entry, content: [toml] }, options.settingsFile);
    stageAll(where, entries, named);
    checkState(join(staging, 'state'));
  } catch (error) {
    dispose();
    throw error;
  }
  where.steps.push({ from: join(staging, 'state'), to: stateDirectory });
  return {
    bytes: where.bytes,
    exchange: () => ({ stateDirectory, kept: exchangeAll(where.steps, options.now) }),
    [Symbol.dispose]: dispose,
  };
}

/** Of a file that people write; it is read whole. */
const mostSettingsBytes = 1024 ** 2;

interface Step {
  readonly from: string;
  readonly to: string;
}

interface Staging {
  readonly staging: string;
  /** Undefined: not root, everything is this user's. */
  readonly accounts: Accounts | undefined;
  /** What changes places at the end. */
  readonly steps: Step[];
  bytes: number;
}

function stageAll(where: Staging, entries: ReturnType<typeof readEntries>, named: readonly string[]): void {
  const state = join(where.staging, 'state');
  mkdirSync(state, { mode: 0o755 });
  for (const found of entries) {
    const { path } = found.entry;
    const target = path.slice(path.indexOf('/'));
    if (path === 'settings') throw new BackupError('the settings are in it twice');
    if (path.startsWith('state/')) {
      requirePart(found.entry);
      place(where, found, join(state, target));
      continue;
    }
    const root = named.find((name) => target === name || target.startsWith(`${name}/`));
    if (root === undefined)
      throw new BackupError(`${target} is in it, and its settings don't name that file`);
    if (target === root) stage(where, found, root);
    else place(where, found, `${besideOf(root)}${target.slice(root.length)}`);
  }
}

/** Folders of the parts and nothing else: what root remembers of the box itself is in no backup. */
function requirePart({ path, kind }: Entry): void {
  const [, name = '', ...below] = path.split('/');
  if (!folders.includes(name) || (below.length === 0 && kind !== 'folder'))
    throw new BackupError(`state/${name} is in it, which no backup of this release has`);
}

const besideOf = (path: string) => `${path}.restored`;

/** Beside its target, which may be on another disk than the state. */
function stage(where: Staging, found: EntryWithContent, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const from = besideOf(to);
  rmSync(from, { recursive: true, force: true });
  where.steps.push({ from, to });
  place(where, found, from);
}

function place(where: Staging, { entry, content }: EntryWithContent, path: string): void {
  try {
    if (entry.kind === 'folder') mkdirSync(path);
    else writeFile(entry, content, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!misfits.has(code)) throw error;
    throw new BackupError(`${entry.path} does not fit to the other files in it`, { cause: error });
  }
  where.bytes += entry.size;
  if (where.accounts !== undefined) own(where.accounts, entry, path);
  // After the owner: changing that clears the set-group-id bit.
  chmodSync(path, ordinaryRights(entry));
}

/** There already, or without the folder that it is in. */
const misfits: ReadonlySet<string> = new Set(['EEXIST', 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** No file of a box runs as its owner or group; of a folder the group passes on to what is in it. */
function ordinaryRights({ kind, mode }: Entry): number {
  return mode & (kind === 'folder' ? 0o2777 : 0o777);
}

function writeFile({ size }: Entry, content: Iterable<Buffer>, path: string): void {
  const free = freeBytes(dirname(path));
  if (size + leftFreeBytes > free)
    throw new BackupError(`no room for ${path}: ${size + leftFreeBytes} bytes are needed, ${free} are free`);
  const handle = openSync(path, 'wx', 0o600);
  try {
    for (const bytes of content) writeWhole(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function own(accounts: Accounts, { user, group }: Entry, path: string): void {
  const [uid, gid] = [accounts.uid(user), accounts.gid(group)];
  if (uid === undefined || gid === undefined)
    throw new BackupError(
      `this machine has no ${uid === undefined ? `user ${user}` : `group ${group}`}: install the package first`,
    );
  chownSync(path, uid, gid);
}

function checkState(state: string): void {
  for (const part of partNames)
    for (const [name, migrations] of [
      [`${part}.db`, part],
      [`${part}.secret.db`, 'secret'],
    ] as const) {
      const file = join(state, part, name);
      if (existsSync(file)) checkDatabase(file, migrations);
    }
  const cloud = join(state, 'cloud/cloud.db');
  if (existsSync(cloud)) renameJournalsIn(cloud);
}

function isSame(from: string, to: string): boolean {
  return lstatSync(from).isFile() && lstatSync(to).isFile() && readFileSync(from).equals(readFileSync(to));
}

/** All or none, but for a power cut in between. Returns where the former ones are. */
function exchangeAll(steps: readonly Step[], now: number): string[] {
  const done: Exchanged[] = [];
  try {
    for (const step of steps) {
      const exchanged = exchange(step, now);
      if (exchanged !== undefined) done.push(exchanged);
    }
  } catch (error) {
    for (const exchanged of done.toReversed()) takeBack(exchanged);
    throw error;
  }
  return done.flatMap(({ former }) => former ?? []);
}

interface Exchanged {
  readonly to: string;
  /** Where the former one is, when there was one. */
  readonly former: string | undefined;
}

/** Undefined: it was the same. */
function exchange({ from, to }: Step, now: number): Exchanged | undefined {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const isThere = existsSync(to);
  if (isThere && isSame(from, to)) {
    rmSync(from);
    return undefined;
  }
  const former = isThere ? `${to}.before-${stamp}` : undefined;
  if (former !== undefined) renameSync(to, former);
  try {
    renameSync(from, to);
  } catch (error) {
    if (former !== undefined) renameSync(former, to);
    throw error;
  }
  syncFolder(dirname(to));
  return { to, former };
}

function takeBack({ to, former }: Exchanged): void {
  rmSync(to, { recursive: true, force: true });
  if (former !== undefined) renameSync(former, to);
  syncFolder(dirname(to));
}
