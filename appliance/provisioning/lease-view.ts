/** Who has which address, read from the DHCP part's file: nobody where it neither gives addresses nor hears of them. */
import { openLateReader } from '../store/late-reader.ts';
import { holderOfIp, leasedIpOf } from '../store/address-holders.ts';
import { isIpv4 } from '../protocol/ipv4.ts';
import type { Clock } from '../world.ts';
import type { LeaseView } from './identify.ts';

export function openLeaseView(directory: string, clock: Pick<Clock, 'now'>): LeaseView & Disposable {
  const dhcp = openLateReader({
    directory,
    part: 'dhcp',
    clock,
    probe: (db) => holderOfIp(db, '0.0.0.0', 0),
  });
  return {
    byIp: (ip) => {
      const db = dhcp.database();
      return db && isIpv4(ip) ? holderOfIp(db, ip, clock.now()) : undefined;
    },
    ipOf: (mac) => {
      const db = dhcp.database();
      return db && leasedIpOf(db, mac, clock.now());
    },
    [Symbol.dispose]: () => dhcp[Symbol.dispose](),
  };
}
