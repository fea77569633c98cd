/** The journal cloud as a process of its own, to be killed: `node journal-cloud-process.ts SETTINGS.json`; says its port when ready. */
import { readFileSync } from 'node:fs';
import { startJournalCloud, type JournalCloudOptions } from '../cloud/journal.ts';

const [file = ''] = process.argv.slice(2);
const cloud = await startJournalCloud(JSON.parse(readFileSync(file, 'utf8')) as JournalCloudOptions);
process.send?.(cloud.port);
process.once('disconnect', () => process.exit(0));
