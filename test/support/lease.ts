/** A lease as the dhcp part's own file has it, for parts that read it. */
import { saveLease } from '../../appliance/store/leases.ts';
import { openStore } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';
import { leaseRow } from './site.ts';

export async function lease(directory: string, ip: string, holder: string): Promise<void> {
  await leaseAll(directory, [{ ip, holder }]);
}

/** `holder` is a MAC. */
export async function leaseAll(
  directory: string,
  leases: readonly { readonly ip: string; readonly holder: string }[],
): Promise<void> {
  const clock = systemClock;
  using store = openStore({ directory, part: 'dhcp', clock });
  await store.write((tx) => {
    for (const { ip, holder } of leases) saveLease(tx.db, leaseRow(holder, ip, clock.now()));
  });
}
