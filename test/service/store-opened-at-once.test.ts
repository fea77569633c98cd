/** Box's file is written by processes that come and go: some come at the same moment, and some are cut. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readMigrations } from '../../appliance/store/database.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { openStore, storeFile } from '../../appliance/store/store.ts';
import { run, start, words, type Running } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';

const tree = join(import.meta.dirname, '../..');

/** Another process that has box's file as `db`, once it has printed that it is ready. */
async function otherProcess(file: string, script: string): Promise<Running> {
  const isReady = Promise.withResolvers<void>();
  const opening = `
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(${JSON.stringify(file)});`;
  const other = start([process.execPath, '--input-type=module', '-e', `${opening}\n${script}`], {
    onLine: (line) => {
      if (line === 'ready') isReady.resolve();
    },
  });
  await isReady.promise;
  return other;
}

it('a new file that another process is just migrating is waited for, and found migrated', async () => {
  const directory = temporaryDirectory();
  const file = storeFile(directory, 'box');
  mkdirSync(dirname(file));
  const migrate = `
    const { readMigrations } = await import(${JSON.stringify(join(tree, 'appliance/store/database.ts'))});
    db.exec('BEGIN IMMEDIATE');
    const migrations = readMigrations('box');
    for (const { sql } of migrations) db.exec(sql);
    db.pragma('user_version = ' + migrations.length);
    console.log('ready');
    setTimeout(() => db.exec('COMMIT'), 500);`;
  await using other = await otherProcess(file, migrate);
  using store = openStore({ directory, part: 'box', clock: Date });
  expect(store.db.pragma('user_version', { simple: true })).toBe(readMigrations('box').length);
  expect(await other.exited, other.lastWords()).toBe(0);
});

it('what is written while another process reads is committed as soon as that one has read', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'box', clock: Date });
  const read = `
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM journal').get();
    console.log('ready');
    setTimeout(() => db.exec('COMMIT'), 500);`;
  await using other = await otherProcess(storeFile(directory, 'box'), read);
  await store.write((tx) => tx.journal({ kind: 'update_succeeded', body: { from: '0.1.0', to: '0.1.1' } }));
  expect(store.db.prepare('SELECT kind FROM journal').pluck().all()).toEqual(['update_succeeded']);
  expect(await other.exited, other.lastWords()).toBe(0);
});

it('who reads does without a file whose writer was cut in a commit, until one comes who may undo it', async () => {
  const directory = temporaryDirectory();
  const reopen = () => openStore({ directory, part: 'box', clock: Date });
  {
    using store = reopen();
    await store.write((tx) => tx.journal({ kind: 'update_began', body: { from: '0.1.0', to: '0.1.1' } }));
  }
  // More than is kept in memory: it is in the file before the commit.
  const write = `
    db.pragma('cache_size = 5');
    db.exec('BEGIN IMMEDIATE; DELETE FROM journal; CREATE TABLE much (body BLOB)');
    for (let at = 0; at < 50; at += 1) db.exec('INSERT INTO much VALUES (zeroblob(4000))');
    console.log('ready');
    setInterval(() => undefined, 1000);`;
  {
    await using other = await otherProcess(storeFile(directory, 'box'), write);
    other.kill('SIGKILL');
    await other.exited;
  }
  expect(openReader(directory, 'box')).toBeUndefined();
  {
    using _store = reopen();
  }
  using reader = openReader(directory, 'box');
  expect(reader?.journalAfter(0, 9)).toMatchObject([{ kind: 'update_began' }]);
});

/** What another part's user, who may only read the file and its index, finds in the journal. */
async function whatAReaderFinds(directory: string): Promise<string> {
  const file = storeFile(directory, 'dhcp');
  for (const folder of [directory, dirname(file)]) chmodSync(folder, 0o755);
  for (const end of ['', '-wal', '-shm']) chmodSync(`${file}${end}`, 0o444);
  const read = `
    const { openReader } = await import(${JSON.stringify(join(tree, 'appliance/store/reader.ts'))});
    using reader = openReader(${JSON.stringify(directory)}, 'dhcp');
    console.log(reader?.lastSeq());`;
  const asNobody =
    process.getuid?.() === 0 ? words('setpriv --reuid=65534 --regid=65534 --clear-groups') : [];
  return (await run([...asNobody, process.execPath, '--input-type=module', '-e', read])).trim();
}

it('who may only read does without a file whose owner has not put its index in order yet', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: Date });
  await store.write((tx) => tx.journal({ kind: 'started', body: { release: '0.1.0' } }));
  expect(await whatAReaderFinds(directory)).toBe('1');
  // As SQLite leaves it for the moment between the owner's first look at it after a cut and its making it anew.
  // By another process: whoever closes a file here gives up this process's locks on it.
  await run([...words('truncate -s 3'), `${storeFile(directory, 'dhcp')}-shm`]);
  expect(await whatAReaderFinds(directory)).toBe('undefined');
});
