/** A lease as the dhcp part's own file has it, for parts that read it. */
import { parseIpv4 } from '../../appliance/protocol/ipv4.ts';
import { saveLease } from '../../appliance/store/leases.ts';
import { openStore } from '../../appliance/store/store.ts';
import { systemClock } from '../../appliance/world.ts';

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
    for (const { ip, holder } of leases) {
      saveLease(tx.db, {
        ip: parseIpv4(ip),
        client: holder,
        mac: holder,
        client_id: null,
        vendor: null,
        vendor_class: null,
        hostname: null,
        started_at: clock.now(),
        expires_at: clock.now() + 3_600_000,
        state: 'bound',
        circuit_id: null,
        remote_id: null,
        giaddr: null,
        acked_at: null,
        declines: 0,
        in_use_by: null,
        sent: '{}',
      });
    }
  });
}
