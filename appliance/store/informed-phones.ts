/** Phones that ever asked for options alone: who profits from answers beside another server. Owned by dhcp. */
import { all, run, type Database } from './database.ts';

export interface InformedPhone {
  readonly mac: string;
  readonly vendor: string;
  /** Unsigned 32 bits. */
  readonly ip: number;
}

export interface InformedVendor {
  readonly vendor: string;
  readonly phones: number;
  /** ms since 1970. */
  readonly lastAt: number;
}

/** Anybody can invent MACs: beyond this the ones heard of longest ago are forgotten. */
const mostPhones = 10_000;

export function saveInformedPhone(db: Database, { mac, vendor, ip }: InformedPhone, now: number): void {
  run(
    db,
    `INSERT INTO informed_phone (mac, vendor, ip, first_at, last_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (mac) DO UPDATE SET vendor = excluded.vendor, ip = excluded.ip, last_at = excluded.last_at`,
    [mac, vendor, ip, now, now],
  );
  run(
    db,
    `DELETE FROM informed_phone WHERE (SELECT count(*) FROM informed_phone) > ?
       AND mac = (SELECT mac FROM informed_phone ORDER BY last_at LIMIT 1)`,
    [mostPhones],
  );
}

/** By vendor. One that is missing was never seen to ask. */
export function readInformedVendors(db: Database): InformedVendor[] {
  return all<InformedVendor>(
    db,
    'SELECT vendor, count(*) AS phones, max(last_at) AS lastAt FROM informed_phone GROUP BY vendor ORDER BY vendor',
  );
}
