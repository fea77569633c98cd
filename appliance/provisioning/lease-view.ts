/** The DHCP part's leases, read from its own file. Where another server gives the addresses there is none. */
import { ipOfMac, leaseByIp, readLeases } from '../store/leases.ts';
import { openReader, type Reader } from '../store/reader.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import type { Clock } from '../world.ts';
import type { LeaseView } from './identify.ts';

/** How long to wait before looking for the file again. */
const retryMs = 1000;

export function openLeaseView(directory: string, clock: Pick<Clock, 'now'>): LeaseView & Disposable {
  let reader: Reader | undefined;
  let nextTry = 0;
  const open = (): Reader | undefined => {
    if (reader !== undefined || clock.now() < nextTry) return reader;
    nextTry = clock.now() + retryMs;
    const found = openReader(directory, 'dhcp');
    if (found !== undefined && !hasLeases(found)) found[Symbol.dispose]();
    else reader = found;
    return reader;
  };
  return {
    byIp: (ip) => {
      const dhcp = open();
      return dhcp && isIpv4(ip) ? leaseByIp(dhcp.db, ip, clock.now()) : undefined;
    },
    ipOf: (mac) => {
      const dhcp = open();
      return dhcp && ipOfMac(dhcp.db, mac, clock.now());
    },
    [Symbol.dispose]: () => reader?.[Symbol.dispose](),
  };
}

/** The part makes its tables at its first start, after its file. */
function hasLeases({ db }: Reader): boolean {
  try {
    readLeases(db);
    return true;
  } catch {
    // No such table: an image older than the table, or a start that has just begun.
    return false;
  }
}
