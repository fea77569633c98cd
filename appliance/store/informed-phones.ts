/** Phones that ever asked for options alone: who profits from answers beside another server. Owned by dhcp. */
import { all, run, type Database } from './database.ts';
import { everything, type Piece } from './leases.ts';
import { toldClient, toldValues, type ToldClient, type ToldRow } from './told-client.ts';

export interface InformedPhone extends ToldClient {
  readonly vendor: string;
  /** As it says, unsigned 32 bits. */
  readonly ip: number;
  /** ms since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface InformedVendor {
  readonly vendor: string;
  readonly phones: number;
  /** ms since 1970. */
  readonly lastAt: number;
}

interface InformedRow extends ToldRow {
  readonly vendor: string;
  readonly ip: number;
  readonly first_at: number;
  readonly last_at: number;
}

/** Anybody can invent MACs: beyond this the ones heard of longest ago are forgotten. */
const mostPhones = 10_000;

export function saveInformedPhone(
  db: Database,
  { ip, ...phone }: Omit<InformedPhone, 'firstAt' | 'lastAt'>,
  now: number,
): void {
  run(
    db,
    `INSERT INTO informed_phone (mac, vendor, ip, first_at, last_at, vendor_class, hostname, sent)
     VALUES (@mac, @vendor, @ip, @now, @now, @vendorClass, @hostname, @sent)
     ON CONFLICT (mac) DO UPDATE SET vendor = excluded.vendor, ip = excluded.ip, last_at = excluded.last_at,
       vendor_class = excluded.vendor_class, hostname = excluded.hostname, sent = excluded.sent`,
    { ...toldValues(phone), ip, now },
  );
  run(
    db,
    `DELETE FROM informed_phone WHERE (SELECT count(*) FROM informed_phone) > ?
       AND mac = (SELECT mac FROM informed_phone ORDER BY last_at LIMIT 1)`,
    [mostPhones],
  );
}

/** By address; two may name the same. */
export function readInformedPhones(db: Database, { after, limit }: Piece = everything): InformedPhone[] {
  const rows = all<InformedRow>(db, 'SELECT * FROM informed_phone WHERE ip > ? ORDER BY ip, mac LIMIT ?', [
    after,
    limit,
  ]);
  return rows.map((row) => ({
    ...toldClient(row),
    vendor: row.vendor,
    ip: row.ip,
    firstAt: row.first_at,
    lastAt: row.last_at,
  }));
}

/** By vendor. One that is missing was never seen to ask. */
export function readInformedVendors(db: Database): InformedVendor[] {
  return all<InformedVendor>(
    db,
    'SELECT vendor, count(*) AS phones, max(last_at) AS lastAt FROM informed_phone GROUP BY vendor ORDER BY vendor',
  );
}
