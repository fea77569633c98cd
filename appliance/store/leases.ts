/** Leases: who has which address until when, and what was told along with it. Owned by dhcp. */
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { all, one, run, type Database } from './database.ts';

export type LeaseState = 'bound' | 'released' | 'declined';

export interface Lease {
  readonly mac: string;
  readonly ip: string;
  /** Option 61 as hex digits. */
  readonly clientId?: string;
  readonly vendor?: string;
  /** Option 60 as text. */
  readonly vendorClass?: string;
  readonly hostname?: string;
  /** When this client got this address, ms since 1970; renewals don't move it. */
  readonly startedAt: number;
  /** End of the lease, or of a declined address's probation, ms since 1970. */
  readonly expiresAt: number;
  readonly state: LeaseState;
  /** Option number to what was sent, as text. */
  readonly sent: Readonly<Record<string, string>>;
}

/** A row as the table has it. */
export interface LeaseRow {
  readonly ip: number;
  /** Whom the address belongs to; null while it is on probation. */
  readonly client: string | null;
  readonly mac: string;
  readonly client_id: string | null;
  readonly vendor: string | null;
  readonly vendor_class: string | null;
  readonly hostname: string | null;
  readonly started_at: number;
  readonly expires_at: number;
  readonly state: LeaseState;
  /** JSON. */
  readonly sent: string;
}

/** Every address ever given and not given to somebody else since, by address. */
export function readLeases(db: Database): Lease[] {
  return readLeaseRows(db).map(leaseOf);
}

/** Who holds this address now; undefined when nobody does. */
export function leaseByIp(db: Database, ip: string, now: number): Lease | undefined {
  const row = one<LeaseRow>(db, `SELECT * FROM lease WHERE ip = ? AND state = 'bound' AND expires_at > ?`, [
    parseIpv4(ip),
    now,
  ]);
  return row && leaseOf(row);
}

export function readLeaseRows(db: Database): LeaseRow[] {
  return all<LeaseRow>(db, 'SELECT * FROM lease ORDER BY ip');
}

/** Replaces whatever was known of the address. */
export function saveLease(db: Database, row: LeaseRow): void {
  run(
    db,
    `INSERT OR REPLACE INTO lease (ip, client, mac, client_id, vendor, vendor_class, hostname, started_at, expires_at, state, sent)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      row.ip,
      row.client,
      row.mac,
      row.client_id,
      row.vendor,
      row.vendor_class,
      row.hostname,
      row.started_at,
      row.expires_at,
      row.state,
      row.sent,
    ],
  );
}

export function forgetLease(db: Database, ip: number): void {
  run(db, 'DELETE FROM lease WHERE ip = ?', [ip]);
}

function leaseOf(row: LeaseRow): Lease {
  return {
    mac: row.mac,
    ip: formatIpv4(row.ip),
    startedAt: row.started_at,
    expiresAt: row.expires_at,
    state: row.state,
    sent: JSON.parse(row.sent) as Record<string, string>,
    ...(row.client_id === null ? {} : { clientId: row.client_id }),
    ...(row.vendor === null ? {} : { vendor: row.vendor }),
    ...(row.vendor_class === null ? {} : { vendorClass: row.vendor_class }),
    ...(row.hostname === null ? {} : { hostname: row.hostname }),
  };
}
