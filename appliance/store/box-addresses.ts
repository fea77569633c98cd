/** Phones that were last answered at another address of the box than today's: there is where they ask next. */
import { all, type Database } from './database.ts';

export interface ToldElsewhere {
  /** Of the box. */
  readonly address: string;
  /** Phones, by MAC. */
  readonly macs: readonly string[];
}

export function phonesElsewhere(db: Database, address: string): ToldElsewhere[] {
  const rows = all<{ address: string; macs: string }>(
    db,
    `SELECT box_address AS address, group_concat(mac, ' ' ORDER BY mac) AS macs FROM phone_configuration
     WHERE box_address <> ? AND posture IN ('provision', 'full') GROUP BY box_address ORDER BY box_address`,
    [address],
  );
  return rows.map((row) => ({ address: row.address, macs: row.macs.split(' ') }));
}
