/** Below which number of migrations a release can't use the files that are here; see `isTooNew`. */
import { journalKinds, type StoreName } from './journal-kinds.ts';
import { openReader } from './reader.ts';

/** Files that any release can use, and those that aren't there, are left out. */
export function readDataFloors(directory: string): Record<string, number> {
  const floors = (Object.keys(journalKinds) as StoreName[]).map((name) => {
    using reader = openReader(directory, name);
    return [name, (reader?.db.pragma('application_id', { simple: true }) ?? 0) as number] as const;
  });
  return Object.fromEntries(floors.filter(([, floor]) => floor > 0));
}
