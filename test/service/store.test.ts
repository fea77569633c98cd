import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { NewerDatabaseError } from '../../appliance/store/database.ts';
import { openReader, type JournalRow } from '../../appliance/store/reader.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { openStore } from '../../appliance/store/store.ts';
import { openTelemetry, readReport } from '../../appliance/store/telemetry.ts';
import { fakeClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/directory.ts';

const started = (release: string) => ({ kind: 'started', body: { release } });

function reader(directory: string) {
  const opened = openReader(directory, 'dhcp');
  if (opened === undefined) throw new Error('no dhcp.db');
  return opened;
}

it('writes of one turn share one commit', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  let commits = 0;
  using _counting = store.onCommit(() => (commits += 1));
  await Promise.all([1, 2, 3].map(async (n) => store.write((tx) => tx.journal(started(String(n))))));
  expect(commits).toBe(1);
  await store.write((tx) => tx.journal(started('4')));
  expect(commits).toBe(2);
});

it('a write that throws keeps nothing of itself and all of its neighbours', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  const results = await Promise.allSettled([
    store.write((tx) => tx.journal(started('before'))),
    store.write((tx) => {
      tx.journal(started('undone'));
      throw new Error('changed my mind');
    }),
    store.write((tx) => tx.journal(started('after'))),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(
    reader(directory)
      .journalAfter(0, 10)
      .map((row) => 'body' in row && row.body),
  ).toEqual(['{"release":"before"}', '{"release":"after"}']);
});

it('a write resolves only after a reader can see it', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  await store.write((tx) => tx.journal(started('first')));
  using other = reader(directory);
  const pending = store.write((tx) => tx.journal(started('second')));
  expect(other.lastSeq()).toBe(1);
  await pending;
  expect(other.lastSeq()).toBe(2);
});

it('a reader cannot write', async () => {
  const directory = temporaryDirectory();
  using _store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  expect(() => reader(directory).db.exec('DELETE FROM journal')).toThrow(/readonly/);
});

it('an owner that has not started yet is no error for its readers', () => {
  expect(openReader(temporaryDirectory(), 'dhcp')).toBeUndefined();
});

it('a database to which a newer release only added is used, and keeps its version', async () => {
  const directory = temporaryDirectory();
  openStore({ directory, part: 'dhcp', clock: fakeClock() })[Symbol.dispose]();
  const db = new Database(join(directory, 'dhcp/dhcp.db'));
  db.exec('CREATE TABLE later (what TEXT) STRICT; ALTER TABLE lease ADD COLUMN later TEXT');
  db.pragma('user_version = 999');
  db.close();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  await store.write((tx) => tx.journal({ kind: 'started', body: { release: 'former' } }));
  expect(store.db.pragma('user_version', { simple: true })).toBe(999);
});

it('a database from which a newer release took something is refused with what to do', () => {
  const directory = temporaryDirectory();
  openStore({ directory, part: 'dhcp', clock: fakeClock() })[Symbol.dispose]();
  const file = join(directory, 'dhcp/dhcp.db');
  const db = new Database(file);
  db.pragma('user_version = 999');
  db.pragma('application_id = 998');
  db.close();
  expect(() => openStore({ directory, part: 'dhcp', clock: fakeClock() })).toThrow(NewerDatabaseError);
  expect(() => openStore({ directory, part: 'dhcp', clock: fakeClock() })).toThrow(
    /999.*start the newer release/,
  );
});

it('a migration that fails at each start does not fill the disk with copies', () => {
  const directory = temporaryDirectory();
  const start = () => openStore({ directory, part: 'sip', clock: fakeClock() })[Symbol.dispose]();
  start();
  const db = new Database(join(directory, 'sip/sip.db'));
  // As if nothing but the first one had been there: the others find what they make.
  db.pragma('user_version = 1');
  db.close();
  for (let starts = 0; starts < 5; starts += 1) expect(start).toThrow('already exists');
  const copies = readdirSync(join(directory, 'sip')).filter((name) => name.includes('.before-'));
  expect(copies).toHaveLength(2);
});

/** Its tables and nothing later. Gives back the version that the file had. */
function makeFirstRelease(file: string): number {
  const db = new Database(file);
  const present = db.pragma('user_version', { simple: true }) as number;
  const later = db.prepare<[], { name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'journal%'`,
  );
  for (const { name } of later.all()) db.exec(`DROP TABLE "${name}"`);
  db.pragma('user_version = 1');
  db.close();
  return present;
}

it('a copy that was cut while it was made is no copy, and the next start makes a whole one', () => {
  const directory = temporaryDirectory();
  openStore({ directory, part: 'box', clock: fakeClock() })[Symbol.dispose]();
  const folder = join(directory, 'box');
  makeFirstRelease(join(folder, 'box.db'));
  for (const end of ['', '-journal']) writeFileSync(join(folder, `box.db.copy.new${end}`), 'half of it');
  openStore({ directory, part: 'box', clock: fakeClock() })[Symbol.dispose]();
  const [copy = '', ...more] = readdirSync(folder).filter((name) => name !== 'box.db');
  expect(more).toEqual([]);
  expect(copy).toMatch(/^box\.db\.before-2-\d+$/);
  expect(new Database(join(folder, copy)).pragma('user_version', { simple: true })).toBe(1);
});

it('a commit of a file without a log also syncs its folder: a journal that came back would take it back', () => {
  const directory = temporaryDirectory();
  using box = openStore({ directory, part: 'box', clock: fakeClock() });
  using cloud = openStore({ directory, part: 'cloud', clock: fakeClock() });
  const extra = 3;
  expect(box.db.pragma('synchronous', { simple: true })).toBe(extra);
  expect(cloud.db.pragma('synchronous', { simple: true })).toBe(extra - 1);
});

it('the file is copied before a migration changes it', () => {
  const directory = temporaryDirectory();
  openStore({ directory, part: 'sip', clock: fakeClock() })[Symbol.dispose]();
  const present = makeFirstRelease(join(directory, 'sip/sip.db'));
  openStore({ directory, part: 'sip', clock: fakeClock() })[Symbol.dispose]();
  const copies = readdirSync(join(directory, 'sip')).filter((name) => name.includes('before-2'));
  expect(copies).toHaveLength(present > 1 ? 1 : 0);
});

it('files can be read by the group and by nobody else', () => {
  const directory = temporaryDirectory();
  using _store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  for (const name of ['dhcp.db', 'dhcp.db-wal', 'dhcp.db-shm']) {
    expect(statSync(join(directory, 'dhcp', name)).mode & 0o777).toBe(0o640);
  }
  expect(statSync(join(directory, 'dhcp')).mode & 0o7777).toBe(0o2750);
});

it('a field that its kind does not declare cannot be written', async () => {
  using store = openStore({ directory: temporaryDirectory(), part: 'dhcp', clock: fakeClock() });
  await expect(store.write((tx) => tx.journal({ kind: 'started', body: { password: 'x' } }))).rejects.toThrow(
    /no field "password"/,
  );
  await expect(store.write((tx) => tx.journal({ kind: 'nonsense', body: {} }))).rejects.toThrow(
    /not declared/,
  );
});

it('repeats within their window become one row that counts them, and none is lost at a restart', async () => {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  const malformed = { kind: 'malformed', body: { reason: 'cookie' } };
  {
    using store = openStore({ directory, part: 'dhcp', clock });
    for (let n = 0; n < 5; n++) await store.write((tx) => tx.journal(malformed));
  }
  await clock.advance(3_600_000);
  using store = openStore({ directory, part: 'dhcp', clock });
  await store.write((tx) => tx.journal(started('again')));
  const rows = reader(directory).journalAfter(0, 10) as JournalRow[];
  expect(rows.filter((row) => row.kind === 'malformed').map((row) => row.count)).toEqual([1, 4]);
});

it('over its quota the oldest rows go and a reader left behind sees the gap', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock(), quota: { ordinaryBytes: 5000 } });
  for (let n = 0; n < 200; n++) await store.write((tx) => tx.journal(started(`release ${n}`)));
  const rows = reader(directory).journalAfter(10, 1000);
  expect(rows[0]).toMatchObject({ kind: 'gap', from: 11 });
  expect(rows.length).toBeLessThan(80);
  expect(rows.at(-1)).toMatchObject({ seq: 200 });
});

it('a reader whose every row was pruned sees one gap to the end', async () => {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  using store = openStore({ directory, part: 'dhcp', clock, quota: { maxAgeMs: 1000 } });
  for (let n = 0; n < 3; n++) await store.write((tx) => tx.journal(started(String(n))));
  await clock.advance(10_000);
  await store.write(() => undefined);
  expect(reader(directory).journalAfter(0, 10)).toEqual([{ kind: 'gap', from: 1, to: 3 }]);
});

it('ordinary rows cannot push out those of a reserved kind', async () => {
  const directory = temporaryDirectory();
  using store = openStore({
    directory,
    part: 'provisioning',
    clock: fakeClock(),
    quota: { ordinaryBytes: 3000 },
  });
  const { provisioningKinds } = await import('../../appliance/store/journal-kinds/provisioning.ts');
  const [security] = Object.entries(provisioningKinds).filter(([, kind]) => 'reserved' in kind);
  if (security === undefined) throw new Error('provisioning has no security kind');
  await store.write((tx) => tx.journal({ kind: security[0], body: {} }));
  for (let n = 0; n < 200; n++) await store.write((tx) => tx.journal(started(String(n))));
  using other = openReader(directory, 'provisioning');
  expect(other?.journalAfter(0, 1)).toMatchObject([{ seq: 1, kind: security[0] }]);
});

it('what nobody waits for shares the commit of what somebody does, and has its own where there is none', async () => {
  using store = openStore({ directory: temporaryDirectory(), part: 'provisioning', clock: fakeClock() });
  let commits = 0;
  store.onCommit(() => (commits += 1));
  const order: string[] = [];
  const soon = store.soon(() => order.push('soon'));
  await store.write(() => order.push('write'));
  await soon;
  expect([commits, order]).toEqual([1, ['soon', 'write']]);
  await store.soon(() => order.push('alone'));
  expect(commits).toBe(2);
});

it('a secret is on disk only sealed, and only its own name opens it', async () => {
  const directory = temporaryDirectory();
  const secrets = openSecrets(directory, 'sip', fakeClock());
  await secrets.write((records) => records.put('ha1/1001', Buffer.from('canary-5f2e')));
  expect(Buffer.from(secrets.get('ha1/1001')?.value ?? []).toString()).toBe('canary-5f2e');
  secrets[Symbol.dispose]();
  for (const name of readdirSync(join(directory, 'sip'))) {
    expect(readFileSync(join(directory, 'sip', name)).includes('canary-5f2e')).toBe(false);
    expect(statSync(join(directory, 'sip', name)).mode & 0o077).toBe(0);
  }
  const db = new Database(join(directory, 'sip/sip.secret.db'));
  db.exec(`UPDATE secret SET name = 'ha1/1002'`);
  db.close();
  using again = openSecrets(directory, 'sip', fakeClock());
  expect(() => again.get('ha1/1002')).toThrow(/authenticate data/);
});

it('a report of a part can be read by others, and its absence too', () => {
  const directory = temporaryDirectory();
  expect(readReport(directory, 'dhcp')).toBeUndefined();
  using telemetry = openTelemetry(directory, 'dhcp');
  const report = {
    at: 2,
    startedAt: 1,
    health: { state: 'ok' },
    counters: { malformed_packets: 3 },
  } as const;
  telemetry.report(report);
  expect(readReport(directory, 'dhcp')).toEqual(report);
  expect(existsSync(join(directory, 'dhcp/dhcp.telemetry.db'))).toBe(true);
});

it('a file that another program holds stops nothing: what is written waits, and is there once it is let go', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock() });
  const other = new Database(join(directory, 'dhcp', 'dhcp.db'));
  other.exec('BEGIN IMMEDIATE');
  let isWritten = false;
  const written = store.write((tx) => tx.journal(started('held'))).then(() => (isWritten = true));
  for (let turns = 0; turns < 100; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(isWritten).toBe(false);
  other.exec('COMMIT');
  await written;
  using read = reader(directory);
  expect(read.lastSeq()).toBe(1);
  other.close();
});
