/** What must not grow, stay open or lock itself out, whatever floods in and whenever power fails. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { openReader, type JournalRow } from '../../appliance/store/reader.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { openStore } from '../../appliance/store/store.ts';
import { fakeClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/directory.ts';

it('a flood of rows that differ each time opens only so many windows of repeats, and loses no count', async () => {
  const directory = temporaryDirectory();
  using store = openStore({ directory, part: 'dhcp', clock: fakeClock(), quota: { openWindows: 20 } });
  const open = () => store.db.prepare('SELECT count(*) FROM journal_repeat').pluck().get();
  for (let n = 0; n < 100; n++) {
    const odd = { kind: 'malformed', body: { reason: `byte ${n}` } };
    await store.write((tx) => {
      tx.journal(odd);
      tx.journal(odd);
    });
    expect(open()).toBeLessThanOrEqual(20);
  }
  using reader = openReader(directory, 'dhcp');
  const rows = (reader?.journalAfter(0, 1000) ?? []) as JournalRow[];
  const waiting = store.db.prepare('SELECT sum(count) FROM journal_repeat').pluck().get() as number;
  expect(rows.reduce((sum, row) => sum + row.count, 0) + waiting).toBe(200);
});

it('a clock that is set back by years ends the windows of repeats, and loses no count', async () => {
  const directory = temporaryDirectory();
  const clock = fakeClock();
  const malformed = { kind: 'malformed', body: { reason: 'cookie' } };
  const start = clock.now();
  let now = start + 4 * 365 * 86_400_000;
  using store = openStore({ directory, part: 'dhcp', clock: { now: () => now } });
  for (let n = 0; n < 3; n++) await store.write((tx) => tx.journal(malformed));
  now = start;
  await store.write(() => undefined);
  // Else each part commits as fast as it can until that year: no timer waits so long.
  expect(store.db.prepare('SELECT count(*) FROM journal_repeat').pluck().get()).toBe(0);
  using reader = openReader(directory, 'dhcp');
  const rows = (reader?.journalAfter(0, 1000) ?? []) as JournalRow[];
  expect(rows.map(({ count }) => count)).toEqual([1, 2]);
});

it('a commit of very many rows leaves no more in the journal than its quota', async () => {
  const quota = { ordinaryBytes: 5000 };
  using store = openStore({ directory: temporaryDirectory(), part: 'dhcp', clock: fakeClock(), quota });
  for (let turn = 0; turn < 10; turn++) {
    await store.write((tx) => {
      for (let n = 0; n < 1000; n++) tx.journal({ kind: 'started', body: { release: `${turn}.${n}` } });
    });
    expect(store.db.prepare('SELECT sum(size) FROM journal').pluck().get()).toBeLessThanOrEqual(5000);
  }
});

it('looking again and again for a part that is not ready leaves no file open', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'dhcp'));
  new Database(join(directory, 'dhcp/dhcp.db')).exec('CREATE TABLE other (a)').close();
  for (let n = 0; n < 20; n++) expect(openReader(directory, 'dhcp')).toBeUndefined();
  const open = readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(directory));
  expect(open).toEqual([]);
});

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

it('a key is whole or not there: what a power cut left behind is not taken for one', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'sip'));
  writeFileSync(join(directory, 'sip/sip.key.new'), 'half');
  using secrets = openSecrets(directory, 'sip', fakeClock());
  await secrets.write((records) => records.put('ha1/1001', Buffer.from('x')));
  expect(readFileSync(join(directory, 'sip/sip.key'))).toHaveLength(32);
  expect(readdirSync(join(directory, 'sip'))).not.toContain('sip.key.new');
});

it('a damaged key is refused in one sentence that says what to do, and is not replaced', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'sip'));
  writeFileSync(join(directory, 'sip/sip.key'), '');
  expect(() => openSecrets(directory, 'sip', fakeClock())).toThrow(/sip\.key is damaged.*restore it/);
  expect(readFileSync(join(directory, 'sip/sip.key'))).toHaveLength(0);
});

it('secrets are listed by the beginning of their name, oldest first', async () => {
  using secrets = openSecrets(temporaryDirectory(), 'sip', fakeClock());
  await secrets.write((records) => {
    for (const name of ['a/2', 'b/1', 'a/1', 'a', 'a0']) records.put(name, Buffer.from('x'));
  });
  expect(secrets.names('a/').toSorted()).toEqual(['a/1', 'a/2']);
});
