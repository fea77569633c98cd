/**
 * Opens a database of the box as its part does, which migrates it: `node migration-process.ts <state directory> <database>`.
 * Says "begin", and then "acknowledged", or "opened" where nothing is; and stays.
 */
import { boxDatabase } from './box-databases.ts';

const [directory = '', file = ''] = process.argv.slice(2);
const database = boxDatabase(file);
console.log('begin');
const { isAcknowledged } = await database.open(directory);
console.log(isAcknowledged ? 'acknowledged' : 'opened');
process.stdin.resume();
