/** Outages that are played and lists of numbers, given by the real store functions. */
import { beginDrill, endDrills } from '../../appliance/store/drills.ts';
import { replaceSiteNumbers, type SiteNumber } from '../../appliance/store/site-numbers.ts';
import { openStore, type Transaction } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';

async function writeWeb(directory: string, work: (tx: Transaction) => void): Promise<void> {
  using store = openStore({ directory, part: 'web', clock: systemClock });
  await store.write(work);
}

/** `target` is a MAC or `*`. */
export async function playOutage(directory: string, target: string, ms = 600_000): Promise<void> {
  const beganAt = Date.now();
  await writeWeb(directory, (tx) => beginDrill(tx, { target, beganAt, endsAt: beganAt + ms }));
}

export async function endOutage(directory: string, target: string): Promise<void> {
  await writeWeb(directory, (tx) => endDrills(tx, target, Date.now()));
}

export async function listNumbers(directory: string, numbers: readonly SiteNumber[]): Promise<void> {
  await writeWeb(directory, (tx) => replaceSiteNumbers(tx, numbers));
}
