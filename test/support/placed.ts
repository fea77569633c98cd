/** A state directory in which location has found out before where the phone 00:15:65:aa:bb:cc is. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { savePlacement } from '../../appliance/store/placements.ts';
import { openStore } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';
import { temporaryDirectory } from './directory.ts';

export async function placed(place: string): Promise<string> {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'location'), { recursive: true });
  using store = openStore({ directory, part: 'location', clock: systemClock });
  const at = systemClock.now();
  await store.write((tx) =>
    savePlacement(tx.db, { mac: '00:15:65:aa:bb:cc', source: 'snmp', place, port: 'Gi1/0/3', at }),
  );
  return directory;
}
