/**
 * Opens a database of the box as its part does, which migrates it: `node migration-process.ts <state directory> <database>`.
 * Says "begin", then "opened", then "acknowledged" for each of some rows, and "end"; and stays.
 */
import { boxDatabase } from './box-databases.ts';

const rows = 5;
const [directory = '', file = ''] = process.argv.slice(2);
const database = boxDatabase(file);
console.log('begin');
const { acknowledge } = database.open(directory);
console.log('opened');
if (acknowledge !== undefined) {
  for (let row = 0; row < rows; row += 1) {
    await acknowledge();
    console.log('acknowledged');
  }
}
console.log('end');
process.stdin.resume();
