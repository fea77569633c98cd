/** A store whose commits are synced beside the event loop, with a disk that is done when the test says so. */
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { all, openDatabase, run } from '../../appliance/store/database.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { openStore } from '../../appliance/store/store.ts';
import { newTurns } from '../../appliance/store/turns.ts';
import { openWalSync } from '../../appliance/store/wal-sync.ts';
import { fakeClock } from '../support/clock.ts';
import { until } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';

const turn = async () => new Promise((resolve) => setImmediate(resolve));

const failing = (_file: number, done: (error: Error | null) => void) => done(new Error('input/output error'));

function openTurns(pauseMs = 0) {
  const file = join(temporaryDirectory(), 'x.db');
  const db = openDatabase({ file, migrations: 'secret', synchronous: 'FULL' });
  const asked: ((error?: Error) => void)[] = [];
  let syncs = 0;
  let commits = 0;
  const turns = newTurns(db, {
    given: { db },
    onCommit: () => (commits += 1),
    pauseMs,
    sync: {
      later: (done) => void asked.push(done),
      now: () => (syncs += 1),
      [Symbol.dispose]: () => undefined,
    },
  });
  const done: string[] = [];
  const write = (name: string) => {
    const work = turns.write((given) => {
      run(given.db, 'INSERT INTO secret (name, at, sealed) VALUES (?, 0, ?)', [name, Buffer.alloc(1)]);
    });
    return work.then(
      () => void done.push(name),
      () => void done.push(`not ${name}`),
    );
  };
  const names = () =>
    all<{ name: string }>(db, 'SELECT name FROM secret ORDER BY name').map((row) => row.name);
  return {
    turns,
    write,
    done,
    names,
    sync: (error?: Error) => asked.shift()?.(error),
    counts: () => ({ commits, waiting: asked.length, now: syncs }),
  };
}

it('a write resolves when its commit is on the disk, and not before', async () => {
  const { write, done, names, sync } = openTurns();
  const written = write('a');
  await turn();
  await turn();
  expect(names()).toEqual(['a']);
  expect(done).toEqual([]);
  sync();
  await written;
  expect(done).toEqual(['a']);
});

it('what is written while a sync runs shares the next commit and the next sync', async () => {
  const { write, counts, done, sync } = openTurns();
  const first = write('a');
  await turn();
  const rest = Promise.all([write('b'), write('c')]);
  await turn();
  const last = write('d');
  await turn();
  expect(counts()).toMatchObject({ commits: 1, waiting: 1 });
  sync();
  await first;
  await turn();
  expect(counts()).toMatchObject({ commits: 2, waiting: 1 });
  expect(done).toEqual(['a']);
  sync();
  await Promise.all([rest, last]);
  expect(done).toEqual(['a', 'b', 'c', 'd']);
});

it('where commits pause, the first one is made at once and what is written in the pause shares the next', async () => {
  const { write, turns, counts, done, sync } = openTurns(300_000);
  const first = write('a');
  await turn();
  sync();
  await first;
  expect(counts()).toMatchObject({ commits: 1 });
  const rest = [write('b')];
  await turn();
  rest.push(write('c'));
  await turn();
  expect(counts()).toMatchObject({ commits: 1 });
  turns.end();
  await Promise.all(rest);
  expect(counts()).toMatchObject({ commits: 2 });
  expect(done).toEqual(['a', 'b', 'c']);
});

it('a pause ends by itself', async () => {
  const { write, counts, done, sync } = openTurns(1);
  const first = write('a');
  await turn();
  sync();
  await first;
  const second = write('b');
  await until('the next commit', () => counts().commits === 2 || undefined, { timeoutMs: 5000, everyMs: 1 });
  sync();
  await second;
  expect(done).toEqual(['a', 'b']);
});

it('a turn that could not be committed is told at once, and the next one is synced as usual', async () => {
  const { write, counts, done, sync } = openTurns();
  const twice = Promise.all([write('a'), write('a')]);
  await turn();
  sync();
  await twice;
  expect(done).toEqual(['a', 'not a']);
  expect(counts()).toMatchObject({ waiting: 0 });
  const good = write('b');
  await turn();
  sync();
  await good;
  expect(done).toEqual(['a', 'not a', 'b']);
});

it('a sync that fails rejects what waited for it, and the next one counts for itself', async () => {
  const { write, done, names, sync } = openTurns();
  const first = write('a');
  await turn();
  const second = write('b');
  sync(new Error('input/output error'));
  await first;
  expect(done).toEqual(['not a']);
  await turn();
  sync();
  await second;
  expect(done).toEqual(['not a', 'b']);
  expect(names()).toEqual(['a', 'b']);
});

it('the end commits what waits and syncs all of it before it returns', async () => {
  const { turns, write, counts, done, names, sync } = openTurns();
  const written = [write('a')];
  await turn();
  written.push(write('b'));
  turns.end();
  expect(counts()).toMatchObject({ now: 1, commits: 2 });
  expect(names()).toEqual(['a', 'b']);
  // The sync that was under way ends late.
  sync();
  await Promise.all(written);
  expect(done).toEqual(['a', 'b']);
});

it('a file that is synced apart loses nothing when it is opened again', async () => {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  {
    using store = openStore({ directory, part: 'provisioning', clock, isSyncedApart: true });
    await Promise.all(
      Array.from({ length: 50 }, async (_, at) =>
        store.write((tx) => tx.journal({ kind: 'started', body: { release: String(at) } })),
      ),
    );
    using secrets = openSecrets(directory, 'provisioning', clock);
    await secrets.write((records) => records.put('a', Buffer.from('kept')));
  }
  using store = openStore({ directory, part: 'provisioning', clock });
  expect(all(store.db, 'SELECT seq FROM journal')).toHaveLength(50);
  using secrets = openSecrets(directory, 'provisioning', clock);
  expect(Buffer.from(secrets.get('a')?.value ?? []).toString()).toBe('kept');
});

it('a sync calls back when the disk has the WAL, and its file may be closed meanwhile', async () => {
  const file = join(temporaryDirectory(), 'x.db');
  const db = openDatabase({ file, migrations: 'secret', synchronous: 'FULL' });
  const sync = openWalSync(db);
  expect(db.pragma('synchronous', { simple: true })).toBe(1);
  const synced = new Promise<void>((resolve) => sync.later(() => resolve()));
  sync.now();
  sync[Symbol.dispose]();
  await synced;
});

it('after a sync that failed all of the WAL is written again, so that the next sync is not believed for nothing', async () => {
  const file = join(temporaryDirectory(), 'x.db');
  const db = openDatabase({ file, migrations: 'secret', synchronous: 'FULL' });
  using sync = openWalSync(db, { isFailureTold: true, fdatasync: failing });
  run(db, 'INSERT INTO secret (name, at, sealed) VALUES (?, 0, ?)', ['a', Buffer.alloc(100_000, 7)]);
  const before = readFileSync(`${file}-wal`);
  utimesSync(`${file}-wal`, 0, 0);
  const failure = await new Promise<Error | undefined>((resolve) => sync.later(resolve));
  expect(failure?.message).toBe('input/output error');
  expect(statSync(`${file}-wal`).mtimeMs).toBeGreaterThan(0);
  expect(readFileSync(`${file}-wal`)).toEqual(before);
  expect(
    all(openDatabase({ file, migrations: 'secret', synchronous: 'FULL' }), 'SELECT name FROM secret'),
  ).toEqual([{ name: 'a' }]);
});
