/** Leases that other servers gave through the relay, and whose they are. Owned by dhcp. */
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { all, one, run, type Database } from './database.ts';
import { everything, type Piece } from './leases.ts';
import { toldClient, toldValues, type ToldClient, type ToldRow } from './told-client.ts';

export interface RelayedLease extends ToldClient {
  /** Unsigned 32 bits. */
  readonly ip: number;
  /** Server identifier as the server says it, unsigned 32 bits. */
  readonly server: number;
  /** Address that it answers from. */
  readonly via: string;
  /** Option 82 of a switch that the settings trust, sub-options 1 and 2, as hex. */
  readonly circuitId: string | null;
  readonly remoteId: string | null;
  /** When this client got this address, ms since 1970; renewals don't move it. */
  readonly startedAt: number;
  /** When the last ACK passed, ms since 1970. */
  readonly ackedAt: number;
  /** ms since 1970. */
  readonly expiresAt: number;
}

interface RelayedRow extends ToldRow {
  readonly ip: number;
  readonly server: number;
  readonly via: number;
  readonly circuit_id: string | null;
  readonly remote_id: string | null;
  /** Null in rows of an older release. */
  readonly started_at: number | null;
  readonly acked_at: number | null;
  readonly expires_at: number;
}

/** Those that ended too, by address. */
export function readRelayedLeases(db: Database, { after, limit }: Piece = everything): RelayedLease[] {
  const rows = all<RelayedRow>(db, 'SELECT * FROM relayed_lease WHERE ip > ? ORDER BY ip LIMIT ?', [
    after,
    limit,
  ]);
  return rows.map((row) => ({
    ip: row.ip,
    server: row.server,
    via: formatIpv4(row.via),
    startedAt: row.started_at ?? 0,
    ackedAt: row.acked_at ?? 0,
    expiresAt: row.expires_at,
    circuitId: row.circuit_id,
    remoteId: row.remote_id,
    ...toldClient(row),
  }));
}

/** `startedAt` counts for a client that did not have this address before. */
export function saveRelayedLease(db: Database, lease: RelayedLease): void {
  const { via, ...rest } = lease;
  run(
    db,
    `INSERT OR REPLACE INTO relayed_lease
       (ip, mac, server, via, expires_at, vendor, vendor_class, hostname, circuit_id, remote_id, started_at, acked_at, sent)
     VALUES (@ip, @mac, @server, @via, @expiresAt, @vendor, @vendorClass, @hostname, @circuitId, @remoteId,
       coalesce((SELECT started_at FROM relayed_lease WHERE ip = @ip AND mac = @mac AND expires_at > @ackedAt), @startedAt),
       @ackedAt, @sent)`,
    { ...rest, ...toldValues(lease), via: parseIpv4(via) },
  );
}

/** The same, but where the client is stays as it was told before. */
export function extendRelayedLease(db: Database, lease: RelayedLease): void {
  const { ip, mac, ackedAt: now } = lease;
  const before = one<Pick<RelayedRow, 'circuit_id' | 'remote_id'>>(
    db,
    'SELECT circuit_id, remote_id FROM relayed_lease WHERE ip = @ip AND mac = @mac AND expires_at > @now',
    { ip, mac, now },
  );
  const { circuit_id: circuitId = null, remote_id: remoteId = null } = before ?? {};
  saveRelayedLease(db, { ...lease, circuitId, remoteId });
}

/** The client gave it back, or was told no. True when it had it. */
export function endRelayedLease(
  db: Database,
  { ip, mac }: Pick<RelayedLease, 'ip' | 'mac'>,
  now: number,
): boolean {
  const changed = run(
    db,
    'UPDATE relayed_lease SET expires_at = @now WHERE ip = @ip AND mac = @mac AND expires_at > @now',
    { ip, mac, now },
  );
  return changed > 0;
}

/** Forgets those that ended. */
export function pruneRelayedLeases(db: Database, now: number): void {
  run(db, 'DELETE FROM relayed_lease WHERE expires_at <= ?', [now]);
}
