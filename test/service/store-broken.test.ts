/** A broken file that is set aside, with the power cut between any two of its steps. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openOrReplace } from '../../appliance/store/broken-file.ts';
import { openDatabase } from '../../appliance/store/database.ts';
import { openStore, storeFile } from '../../appliance/store/store.ts';
import { openTelemetry, readReport } from '../../appliance/store/telemetry.ts';
import { systemClock } from '../../appliance/world.ts';
import { temporaryDirectory } from '../support/directory.ts';

const names = ['', '-wal', '-shm'] as const;

/** A file with rows in its WAL, of a process that was killed, whose first pages are gone. */
async function broken() {
  const directory = temporaryDirectory();
  const file = storeFile(directory, 'sip');
  const store = openStore({ directory, part: 'sip', clock: systemClock });
  onTestFinished(() => store[Symbol.dispose]());
  store.db.pragma('wal_checkpoint(TRUNCATE)');
  await store.write((tx) => tx.journal({ kind: 'started', body: { release: 'before' } }));
  writeFileSync(file, Buffer.alloc(8192, 'not a database '));
  return {
    directory,
    file,
    start: () => openStore({ directory, part: 'sip', clock: systemClock, isReplaced: true }),
  };
}

it.each([
  ['nothing was moved', 0],
  ['the file was moved, and not yet its WAL', 1],
  ['file and WAL were moved', 2],
  ['all was moved, and nothing begun anew', 3],
])('when %s the next start begins anew and says where the broken file is', async (_, moved) => {
  const { file, start } = await broken();
  for (const end of names.slice(0, moved)) renameSync(`${file}${end}`, `${file}.broken-1000${end}`);
  using store = start();
  expect(store.brokenFile).toMatch(/sip\.db\.broken-\d+$/);
  expect(existsSync(store.brokenFile ?? '')).toBe(true);
  expect(store.db.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(store.db.prepare('SELECT count(*) FROM journal').pluck().get()).toBe(0);
  await store.write((tx) => tx.journal({ kind: 'started', body: { release: 'after' } }));
});

it('a start that was cut before it could tell of it leaves that to the next one, and that is told once', async () => {
  const { start } = await broken();
  const first = start();
  onTestFinished(() => first[Symbol.dispose]());
  using second = start();
  expect(second.brokenFile).toBe(first.brokenFile);
  await second.write((tx) => tx.journal({ kind: 'started', body: { release: 'after' } }));
  using third = start();
  expect(third.brokenFile).toBeUndefined();
});

it('reports of a part that are broken are begun anew: no part is kept from its work by them', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'sip/sip.telemetry.db');
  mkdirSync(dirname(file));
  for (const content of ['first ', 'again ']) {
    for (const end of names) writeFileSync(`${file}${end}`, Buffer.alloc(8192, content));
    using telemetry = openTelemetry(directory, 'sip');
    telemetry.report({ at: 1, startedAt: 1, health: { state: 'ok' }, counters: {} });
    expect(readReport(directory, 'sip')).toMatchObject({ at: 1 });
    expect(readFileSync(`${file}.broken`, 'utf8').slice(0, 6)).toBe(content);
  }
});

it('a file on a part of the disk that can not be read is set aside too', async () => {
  const { file } = await broken();
  let opened = 0;
  const open = () => {
    opened += 1;
    if (opened === 1) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' });
    return openDatabase({ file, migrations: 'sip', synchronous: 'FULL' });
  };
  const { db, brokenFile } = openOrReplace(file, open, 7);
  onTestFinished(() => void db.close());
  expect(brokenFile).toBe(`${file}.broken-7`);
});
