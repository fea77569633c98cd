/**
 * Leases of an earlier release, and what becomes of them: `node migration-process.ts make|open DIRECTORY`. `make` leaves a file as the
 * release with the second migration wrote it. `open` migrates as a part does at its start ("begin", "end"), and prints what is there then.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase, readMigrations } from '../../appliance/store/database.ts';

const [mode, directory = ''] = process.argv.slice(2);
const file = join(directory, 'dhcp.db');
const leases = 20_000;

if (mode === 'make') make();
else {
  console.log(JSON.stringify({ begin: versionBefore() }));
  const db = openDatabase({ file, migrations: 'dhcp', synchronous: 'FULL' });
  console.log(JSON.stringify({ end: db.pragma('user_version', { simple: true }), ...contents(db) }));
  setInterval(() => undefined, 1000);
}

function make(): void {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  for (const { version, sql } of readMigrations('dhcp').slice(0, 2)) {
    db.exec(sql);
    db.pragma(`user_version = ${version}`);
  }
  const insert = db.prepare(
    `INSERT INTO lease (ip, client, mac, hostname, started_at, expires_at, state, sent) VALUES (?, ?, ?, ?, 0, 1, 'bound', 0)`,
  );
  db.transaction(() => {
    for (let at = 0; at < leases; at += 1) insert.run(at, `client ${at}`, `mac ${at}`, `phone ${at}`);
  })();
  db.close();
}

function versionBefore(): unknown {
  const db = new Database(file, { readonly: true });
  try {
    return db.pragma('user_version', { simple: true });
  } finally {
    db.close();
  }
}

function contents(db: Database.Database) {
  const rows = db.prepare('SELECT ip, client, mac, hostname, state FROM lease ORDER BY ip').raw().all();
  return {
    leases: rows.length,
    hash: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
    check: db.pragma('integrity_check', { simple: true }),
  };
}
