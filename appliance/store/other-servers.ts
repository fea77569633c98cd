/** DHCP servers besides this box on the phones' network, and how they are looked for. Owned by dhcp. */
import { all, one, run, type Database } from './database.ts';

export interface OtherServer {
  /** Server identifier. */
  readonly address: string;
  /** Where it sends phones. */
  readonly url?: string;
  /** ms since 1970. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** It still answers, as far as is known. */
  readonly isPresent: boolean;
}

export interface ServerWatch {
  readonly isOn: boolean;
  /** End of the last probe, ms since 1970. */
  readonly probedAt?: number;
}

interface ServerRow {
  readonly address: string;
  readonly url: string | null;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly is_present: number;
}

/** The one seen last comes first. */
export function readOtherServers(db: Database): OtherServer[] {
  return all<ServerRow>(db, 'SELECT * FROM other_server ORDER BY last_seen_at DESC, address').map((row) => ({
    address: row.address,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    isPresent: row.is_present === 1,
    ...(row.url === null ? {} : { url: row.url }),
  }));
}

/** Rogues can invent identifiers: beyond this the ones gone the longest are forgotten. */
const mostServers = 100;

export function saveOtherServer(db: Database, server: OtherServer): void {
  run(
    db,
    'INSERT OR REPLACE INTO other_server (address, url, first_seen_at, last_seen_at, is_present) VALUES (?, ?, ?, ?, ?)',
    [server.address, server.url ?? null, server.firstSeenAt, server.lastSeenAt, server.isPresent ? 1 : 0],
  );
  run(
    db,
    `DELETE FROM other_server WHERE (SELECT count(*) FROM other_server) > ?
       AND address = (SELECT address FROM other_server ORDER BY is_present, last_seen_at LIMIT 1)`,
    [mostServers],
  );
}

/** Undefined before the first start that knew of it. */
export function readServerWatch(db: Database): ServerWatch | undefined {
  const row = one<{ is_on: number; probed_at: number | null }>(db, 'SELECT * FROM server_watch');
  return row && { isOn: row.is_on === 1, ...(row.probed_at === null ? {} : { probedAt: row.probed_at }) };
}

export function saveServerWatch(db: Database, { isOn, probedAt }: ServerWatch): void {
  run(db, 'INSERT OR REPLACE INTO server_watch (id, is_on, probed_at) VALUES (1, ?, ?)', [
    isOn ? 1 : 0,
    probedAt ?? null,
  ]);
}
