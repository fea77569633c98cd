/** Holds one part's file for itself, as another program might, for as long as it lives: `node … DIRECTORY PART`. Says so when it does. */
import Database from 'better-sqlite3';
import type { PartName } from '../../appliance/store/journal-kinds.ts';
import { storeFile } from '../../appliance/store/store.ts';

const [directory = '', part = ''] = process.argv.slice(2);
const db = new Database(storeFile(directory, part as PartName));
db.exec('BEGIN EXCLUSIVE');
console.log('holds it');
setInterval(() => undefined, 1000);
