/** Box's file is written by processes that come and go, and some of them come at the same moment. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readMigrations } from '../../appliance/store/database.ts';
import { openStore, storeFile } from '../../appliance/store/store.ts';
import { start } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';

const tree = join(import.meta.dirname, '../..');

it('a new file that another process is just migrating is waited for, and found migrated', async () => {
  const directory = temporaryDirectory();
  const file = storeFile(directory, 'box');
  mkdirSync(dirname(file));
  const script = `
    const { default: Database } = await import('better-sqlite3');
    const { readMigrations } = await import(${JSON.stringify(join(tree, 'appliance/store/database.ts'))});
    const db = new Database(${JSON.stringify(file)});
    db.exec('BEGIN IMMEDIATE');
    const migrations = readMigrations('box');
    for (const { sql } of migrations) db.exec(sql);
    db.pragma('user_version = ' + migrations.length);
    console.log('migrating');
    setTimeout(() => db.exec('COMMIT'), 500);`;
  let isMigrating: () => void;
  const migrating = new Promise<void>((resolve) => (isMigrating = resolve));
  await using other = start([process.execPath, '--input-type=module', '-e', script], {
    onLine: (line) => {
      if (line === 'migrating') isMigrating();
    },
  });
  await migrating;
  using store = openStore({ directory, part: 'box', clock: Date });
  expect(store.db.pragma('user_version', { simple: true })).toBe(readMigrations('box').length);
  expect(await other.exited, other.lastWords()).toBe(0);
});
