/** DHCP servers besides this box on the phones' networks, and how they are looked for, by card. Owned by dhcp. */
import { all, run, type Database } from './database.ts';

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

export interface HeardServer extends OtherServer {
  readonly card: string;
}

export interface CardWatch {
  readonly card: string;
  readonly isOn: boolean;
  /** End of the last probe, ms since 1970. */
  readonly probedAt?: number;
}

interface ServerRow {
  readonly card: string;
  readonly address: string;
  readonly url: string | null;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly is_present: number;
}

/** The one seen last comes first. */
export function readOtherServers(db: Database): HeardServer[] {
  return all<ServerRow>(db, 'SELECT * FROM heard_server ORDER BY last_seen_at DESC, card, address').map(
    (row) => ({
      card: row.card,
      address: row.address,
      firstSeenAt: row.first_seen_at,
      lastSeenAt: row.last_seen_at,
      isPresent: row.is_present === 1,
      ...(row.url === null ? {} : { url: row.url }),
    }),
  );
}

/** Rogues can invent identifiers: beyond this the ones gone the longest are forgotten. */
const mostServers = 100;

export function saveOtherServer(db: Database, server: HeardServer): void {
  const { card, address, url = null, firstSeenAt, lastSeenAt, isPresent } = server;
  run(
    db,
    'INSERT OR REPLACE INTO heard_server (card, address, url, first_seen_at, last_seen_at, is_present) VALUES (?, ?, ?, ?, ?, ?)',
    [card, address, url, firstSeenAt, lastSeenAt, isPresent ? 1 : 0],
  );
  run(
    db,
    `DELETE FROM heard_server WHERE (SELECT count(*) FROM heard_server) > ? AND (card, address) =
       (SELECT card, address FROM heard_server ORDER BY is_present, last_seen_at LIMIT 1)`,
    [mostServers],
  );
}

/** By card. None before the first start that knew of it. */
export function readCardWatches(db: Database): CardWatch[] {
  return all<{ card: string; is_on: number; probed_at: number | null }>(
    db,
    'SELECT card, is_on, probed_at FROM card_watch ORDER BY card',
  ).map(({ card, is_on: isOn, probed_at: probedAt }) => ({
    card,
    isOn: isOn === 1,
    ...(probedAt === null ? {} : { probedAt }),
  }));
}

export function saveCardWatch(db: Database, { card, isOn, probedAt }: CardWatch): void {
  run(db, 'INSERT OR REPLACE INTO card_watch (card, is_on, probed_at) VALUES (?, ?, ?)', [
    card,
    isOn ? 1 : 0,
    probedAt ?? null,
  ]);
}

/** What was heard on cards that are not watched any more says nothing. */
export function keepCards(db: Database, cards: readonly string[]): void {
  for (const table of ['heard_server', 'card_watch']) {
    run(db, `DELETE FROM ${table} WHERE card NOT IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(cards),
    ]);
  }
}
