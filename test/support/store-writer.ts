/** A process that owns one part's file: commits row after row, or sits in an open transaction, until told to stop. */
import { openStore } from '../../appliance/store/store.ts';
import { storeFile } from '../../appliance/store/store.ts';
import Database from 'better-sqlite3';

const [directory = '', what = ''] = process.argv.slice(2);
const store = openStore({ directory, part: 'dhcp', clock: Date });

if (what === 'hold') {
  const db = new Database(storeFile(directory, 'dhcp'));
  db.exec('BEGIN IMMEDIATE');
  process.send?.('holding');
  setInterval(() => undefined, 1000);
} else {
  for (let n = 1; ; n++) {
    await store.write((tx) => tx.journal({ kind: 'started', body: { release: String(n) } }));
    process.send?.(n);
  }
}
