import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openReader } from '../../appliance/store/reader.ts';
import { openStore } from '../../appliance/store/store.ts';
import { temporaryDirectory } from '../support/directory.ts';

/** Another process that owns dhcp.db. */
function startWriter(directory: string, what: 'hold' | 'load'): ChildProcess {
  const child = fork(join(import.meta.dirname, '../support/store-writer.ts'), [directory, what], {
    execPath: process.execPath,
    execArgv: [],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

it('a part commits and reads the other on, while the other sits in a transaction that never ends', async () => {
  const directory = temporaryDirectory();
  const holder = startWriter(directory, 'hold');
  await once(holder, 'message');
  using store = openStore({ directory, part: 'sip', clock: Date });
  for (let n = 0; n < 200; n++) {
    await store.write((tx) => tx.journal({ kind: 'started', body: { release: String(n) } }));
    using other = openReader(directory, 'dhcp');
    expect(other?.lastSeq()).toBe(0);
  }
  // Still holding: nothing above waited for it to let go.
  expect(holder.exitCode).toBeNull();
});

it('two parts under load never meet a lock of the other', async () => {
  const directory = temporaryDirectory();
  const writer = startWriter(directory, 'load');
  let theirs = 0;
  writer.on('message', (n: number) => (theirs = n));
  await once(writer, 'message');
  using store = openStore({ directory, part: 'sip', clock: Date });
  // With this a wait for any lock would be an error at once, not a delay.
  store.db.pragma('busy_timeout = 0');
  const before = theirs;
  for (let n = 0; n < 500; n++) {
    await store.write((tx) => tx.journal({ kind: 'started', body: { release: String(n) } }));
    using other = openReader(directory, 'dhcp');
    other?.db.pragma('busy_timeout = 0');
    expect(other?.journalAfter(0, 5)).not.toHaveLength(0);
  }
  expect(theirs).toBeGreaterThan(before);
});

it('what a killed process had acknowledged is there, in order and without a hole', async () => {
  const directory = temporaryDirectory();
  const writer = startWriter(directory, 'load');
  let acknowledged = 0;
  await new Promise<void>((resolve) => {
    writer.on('message', (n: number) => {
      acknowledged = n;
      if (n === 300) resolve();
    });
  });
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  using _owner = openStore({ directory, part: 'dhcp', clock: Date });
  using reader = openReader(directory, 'dhcp');
  const rows = reader?.journalAfter(0, 100_000) ?? [];
  expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
  expect(rows.every((row, at) => 'seq' in row && row.seq === at + 1)).toBe(true);
});
