/** How full the networks are that DHCP gives addresses of. */
import { one, type Database } from './database.ts';

/** First and last address, unsigned 32-bit numbers. */
interface Range {
  readonly first: number;
  readonly last: number;
}

export interface PoolUse {
  readonly subnet: string;
  /** In its ranges, those of box and routers included. */
  readonly addresses: number;
  readonly bound: number;
  /** In use by something that has no lease of ours, or declined by a client: nobody gets them for now. */
  readonly setAside: number;
}

/** Reservations outside the ranges don't count. */
export function readPoolUse(
  db: Database,
  { subnet, pools }: { subnet: string; pools: readonly Range[] },
  now: number,
): PoolUse {
  const use = { subnet, addresses: 0, bound: 0, setAside: 0 };
  for (const { first, last } of pools) {
    const row = one<{ bound: number; setAside: number }>(
      db,
      `SELECT count(*) FILTER (WHERE state = 'bound') AS bound, count(*) FILTER (WHERE state = 'declined') AS setAside
        FROM lease WHERE ip BETWEEN ? AND ? AND expires_at > ?`,
      [first, last, now],
    );
    use.addresses += last - first + 1;
    use.bound += row?.bound ?? 0;
    use.setAside += row?.setAside ?? 0;
  }
  return use;
}
