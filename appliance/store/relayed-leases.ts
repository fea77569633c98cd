/** Leases that other servers gave through the relay, and whose they are. Owned by dhcp. */
import { formatIpv4, parseIpv4 } from '../protocol/ipv4.ts';
import { all, run, type Database } from './database.ts';

export interface RelayedLease {
  /** Unsigned 32 bits. */
  readonly ip: number;
  readonly mac: string;
  /** Server identifier as the server says it, unsigned 32 bits. */
  readonly server: number;
  /** Address that it answers from. */
  readonly via: string;
  /** ms since 1970. */
  readonly expiresAt: number;
}

/** Those that run, the one that lasts longest last. */
export function readRelayedLeases(db: Database, now: number): RelayedLease[] {
  const rows = all<Omit<RelayedLease, 'via'> & { via: number }>(
    db,
    'SELECT ip, mac, server, via, expires_at AS expiresAt FROM relayed_lease WHERE expires_at > ? ORDER BY expires_at',
    [now],
  );
  return rows.map((row) => ({ ...row, via: formatIpv4(row.via) }));
}

export function saveRelayedLease(db: Database, { ip, mac, server, via, expiresAt }: RelayedLease): void {
  run(db, 'INSERT OR REPLACE INTO relayed_lease (ip, mac, server, via, expires_at) VALUES (?, ?, ?, ?, ?)', [
    ip,
    mac,
    server,
    parseIpv4(via),
    expiresAt,
  ]);
}

/** Forgets those that ended. */
export function pruneRelayedLeases(db: Database, now: number): void {
  run(db, 'DELETE FROM relayed_lease WHERE expires_at <= ?', [now]);
}
