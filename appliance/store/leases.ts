/** Leases: who has which address until when, and what was told along with it. Owned by dhcp. */
import { createHash } from 'node:crypto';
import { formatIpv4 } from '../protocol/ipv4.ts';
import { all, each, one, run, type Database } from './database.ts';

export type LeaseState = 'bound' | 'released' | 'declined';

/** What a relay says about where a client is: bytes of the switch maker's own form. */
export interface RelayId {
  readonly hex: string;
  /** Where all of it is printable. */
  readonly text?: string;
}

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
  /** When it was last acknowledged, ms since 1970. */
  readonly ackedAt?: number;
  /** End of the lease, or of a declined address's probation, ms since 1970. */
  readonly expiresAt: number;
  readonly state: LeaseState;
  /** Switch port and switch by option 82, as the relay told when it last spoke for this client. */
  readonly circuitId?: RelayId;
  readonly remoteId?: RelayId;
  /** Address of that relay. */
  readonly giaddr?: string;
  /** MAC of what uses a declined address without a lease; undefined when its client declined it. */
  readonly inUseBy?: string;
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
  /** Hex. */
  readonly circuit_id: string | null;
  readonly remote_id: string | null;
  readonly giaddr: number | null;
  readonly acked_at: number | null;
  /** How often in a row the address was found in use. */
  readonly declines: number;
  /** MAC of what was found to use it without a lease. */
  readonly in_use_by: string | null;
  /** JSON. */
  readonly sent: string;
}

/** What a server has to know of an address at any moment; the rest of the row is there to be told. */
export type Tenure = Pick<
  LeaseRow,
  'ip' | 'client' | 'mac' | 'started_at' | 'expires_at' | 'state' | 'circuit_id' | 'giaddr' | 'declines'
>;

const columns = `ip, client, mac, client_id, vendor, vendor_class, hostname, started_at, expires_at, state,
  circuit_id, remote_id, giaddr, acked_at, declines, in_use_by`;
const ofPlace = ['circuit_id', 'remote_id', 'giaddr'];
const written = [...columns.split(/,\s+/), 'sent'];
const placeholders = written.map(() => '?').join(', ');
const renewed = written
  .filter((column) => !ofPlace.includes(column))
  .map((column) => `${column} = excluded.${column}`);
const snooped = ofPlace.map(
  (column) => `${column} = iif(lease.giaddr IS NULL, excluded.${column}, lease.${column})`,
);
const upsert = `INSERT INTO lease (${columns}, sent) VALUES (${placeholders}) ON CONFLICT DO UPDATE SET`;
const extend = `${upsert} ${renewed.join(', ')}`;
const snoop = `${upsert} ${[...renewed, ...snooped].join(', ')}`;
const select = `SELECT ${columns},
  coalesce(options, '{}') AS sent FROM lease LEFT JOIN sent_options ON sent_options.id = lease.sent`;

/** A piece of a table in the order of its addresses. */
export interface Piece {
  /** Unsigned 32 bits; only addresses above it. */
  readonly after: number;
  /** -1 for any number. */
  readonly limit: number;
}

export const everything: Piece = { after: -1, limit: -1 };

/** Every address ever given and not given to somebody else since, by address. */
export function readLeases(db: Database, { after, limit }: Piece = everything): Lease[] {
  return all<LeaseRow>(db, `${select} WHERE ip > ? ORDER BY ip LIMIT ?`, [after, limit]).map(leaseOf);
}

/** Row by row, that which ends first first. The connection is busy until the last one is taken. */
export function tenuresByEnd(db: Database): Iterable<Tenure> {
  return each<Tenure>(
    db,
    'SELECT ip, client, mac, started_at, expires_at, state, circuit_id, giaddr, declines FROM lease ORDER BY expires_at',
  );
}

/** Makes sure that the database has this text, before or after {@link saveLease} refers to it, in the same transaction. */
export function saveSent(db: Database, sent: string): void {
  run(db, 'INSERT OR IGNORE INTO sent_options (id, options) VALUES (?, ?)', [sentId(sent), sent]);
}

/** Forgets texts that no lease refers to. */
export function pruneSent(db: Database): void {
  run(db, 'DELETE FROM sent_options WHERE id NOT IN (SELECT sent FROM lease)');
}

const sentIds = new Map<string, number>();
const maxSentIds = 1000;

/** Follows from the text alone, so that nothing in memory is wrong after a transaction was undone. */
function sentId(sent: string): number {
  let id = sentIds.get(sent);
  if (id === undefined) {
    id = createHash('sha256').update(sent).digest().readUIntBE(0, 6);
    if (sentIds.size >= maxSentIds) sentIds.clear();
    sentIds.set(sent, id);
  }
  return id;
}

/** Replaces whatever was known of the address. Its `sent` has to be saved too: {@link saveSent}. */
export function saveLease(db: Database, row: LeaseRow): void {
  run(db, `INSERT OR REPLACE INTO lease (${columns}, sent) VALUES (${placeholders})`, valuesOf(row));
}

/** The same, but where the client is stays as a relay told it before. */
export function extendLease(db: Database, row: LeaseRow): void {
  run(db, extend, valuesOf(row));
}

/** The same where a relay told it; else it is where this row says. */
export function snoopLease(db: Database, row: LeaseRow): void {
  run(db, snoop, valuesOf(row));
}

/** The address stays its client's until somebody else needs it. */
export function releaseLease(db: Database, ip: number, now: number): void {
  run(db, `UPDATE lease SET state = 'released', expires_at = ? WHERE ip = ?`, [now, ip]);
}

/** In the order of the columns. */
function valuesOf(row: LeaseRow): unknown[] {
  return [
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
    row.circuit_id,
    row.remote_id,
    row.giaddr,
    row.acked_at,
    row.declines,
    row.in_use_by,
    sentId(row.sent),
  ];
}

export function forgetLease(db: Database, ip: number): void {
  run(db, 'DELETE FROM lease WHERE ip = ?', [ip]);
}

/** When the server last knew the time, ms since 1970; undefined in a new database. */
export function readLeaseClock(db: Database): number | undefined {
  return one<{ at: number }>(db, 'SELECT at FROM lease_clock')?.at;
}

export function saveLeaseClock(db: Database, now: number): void {
  run(db, 'INSERT OR REPLACE INTO lease_clock (id, at) VALUES (1, ?)', [now]);
}

/** Moves all times, as after the wall clock was set; none ends later than `latest`. */
export function shiftLeases(db: Database, ms: number, latest: number): void {
  run(
    db,
    `UPDATE lease SET started_at = started_at + ?, acked_at = acked_at + ?, expires_at = min(expires_at + ?, ?)`,
    [ms, ms, ms, latest],
  );
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
    ...(row.acked_at === null ? {} : { ackedAt: row.acked_at }),
    ...(row.circuit_id === null ? {} : { circuitId: relayId(row.circuit_id) }),
    ...(row.remote_id === null ? {} : { remoteId: relayId(row.remote_id) }),
    ...(row.in_use_by === null ? {} : { inUseBy: row.in_use_by }),
    ...(row.giaddr === null ? {} : { giaddr: formatIpv4(row.giaddr) }),
  };
}

/** `hex` as in the table. */
export function relayId(hex: string): RelayId {
  const text = Buffer.from(hex, 'hex').toString('latin1');
  return /^[ -~]+$/.test(text) ? { hex, text } : { hex };
}
