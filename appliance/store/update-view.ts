/** How updates stand, for the page and the command line. */
import { openReader } from './reader.ts';
import { readUpdateFacts, type UpdateFacts } from './update-facts.ts';

export function readUpdates(directory: string): UpdateFacts {
  using reader = openReader(directory, 'box');
  return reader === undefined ? {} : readUpdateFacts(reader.db);
}
