/** The DHCP part's leases, read from its own file. Where another server gives the addresses there is none. */
import { openLateReader } from '../store/late-reader.ts';
import { holderOfIp, ipOfMac, readLeases } from '../store/leases.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import type { Clock } from '../world.ts';
import type { LeaseView } from './identify.ts';

export function openLeaseView(directory: string, clock: Pick<Clock, 'now'>): LeaseView & Disposable {
  const dhcp = openLateReader({ directory, part: 'dhcp', clock, probe: readLeases });
  return {
    byIp: (ip) => {
      const db = dhcp.database();
      return db && isIpv4(ip) ? holderOfIp(db, ip, clock.now()) : undefined;
    },
    ipOf: (mac) => {
      const db = dhcp.database();
      return db && ipOfMac(db, mac, clock.now());
    },
    [Symbol.dispose]: () => dhcp[Symbol.dispose](),
  };
}
