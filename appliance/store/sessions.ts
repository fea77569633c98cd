/** The table `session` of web: browsers in which the admin is signed in. Their number and age are bounded. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { all, one, run, type Database } from './database.ts';

export interface Session {
  readonly id: string;
  /** Address that signed in. */
  readonly remote: string;
  /** ms since 1970. */
  readonly beganAt: number;
  /** To the minute. */
  readonly seenAt: number;
  readonly endedAt?: number;
}

/** A working day; and who has not been there for two hours signs in anew. */
export const sessionAges = { mostMs: 12 * 3_600_000, idleMs: 2 * 3_600_000 } as const;
/** The admin's browsers; the one that was seen longest ago gives way. */
export const mostSessions = 16;
/** Ended ones are kept for the orders that name them. */
const mostKept = 200;
const seenEveryMs = 60_000;

interface Row {
  readonly id: string;
  readonly remote: string;
  readonly began_at: number;
  readonly seen_at: number;
  readonly ended_at: number | null;
}

const columns = 'id, remote, began_at, seen_at, ended_at';

/** Inside a write. The token is the cookie's value; it is told once and kept nowhere. */
export function beginSession(
  db: Database,
  { remote, now }: { remote: string; now: number },
): { id: string; token: string } {
  const id = randomUUID();
  const token = randomBytes(32).toString('base64url');
  run(db, 'INSERT INTO session (id, token_hash, remote, began_at, seen_at) VALUES (?, ?, ?, ?, ?)', [
    id,
    hashOf(token),
    remote,
    now,
    now,
  ]);
  const surplus = liveSessions(db, now).slice(mostSessions);
  for (const session of surplus) endSession(db, session.id, now);
  // Of before the clock was set back: nobody is signed in by them, and they would crowd out this one.
  run(db, 'DELETE FROM session WHERE began_at > ?', [now + 2 * sessionAges.mostMs]);
  run(
    db,
    'DELETE FROM session WHERE id NOT IN (SELECT id FROM session ORDER BY ended_at IS NULL DESC, began_at DESC LIMIT ?)',
    [mostKept],
  );
  return { id, token };
}

/** Seen last first. */
export function liveSessions(db: Database, now: number): Session[] {
  return all<Row>(db, `SELECT ${columns} FROM session WHERE ended_at IS NULL ORDER BY seen_at DESC, id`)
    .map(fromRow)
    .filter((session) => isLive(session, now));
}

/** Whose cookie this is; undefined for one that is unknown, ended or too old. */
export function sessionOfToken(db: Database, token: string, now: number): Session | undefined {
  const row = one<Row>(db, `SELECT ${columns} FROM session WHERE token_hash = ?`, [hashOf(token)]);
  const session = row && fromRow(row);
  return session !== undefined && isLive(session, now) ? session : undefined;
}

/** Did somebody sign in from this address, as far as is remembered? */
export function hasSignedIn(db: Database, remote: string): boolean {
  return one(db, 'SELECT 1 FROM session WHERE remote = ? LIMIT 1', [remote]) !== undefined;
}

/** Was the admin signed in there then? For orders that are looked at later. */
export function wasSignedIn(db: Database, id: string, at: number): boolean {
  const row = one<Row>(db, `SELECT ${columns} FROM session WHERE id = ?`, [id]);
  if (row === undefined || at < row.began_at || at - row.began_at > sessionAges.mostMs) return false;
  return row.ended_at === null || at <= row.ended_at;
}

/** True when it is to be written down again that this session is in use. */
export function isSeenLongAgo({ seenAt }: Session, now: number): boolean {
  return now - seenAt >= seenEveryMs || now < seenAt;
}

export function markSeen(db: Database, id: string, now: number): void {
  run(db, 'UPDATE session SET seen_at = ? WHERE id = ?', [now, id]);
}

export function endSession(db: Database, id: string, now: number): void {
  run(db, 'UPDATE session SET ended_at = ? WHERE id = ? AND ended_at IS NULL', [now, id]);
}

/** After a change of the password: all but the one in which it was changed. */
export function endOtherSessions(db: Database, kept: string | undefined, now: number): void {
  run(db, 'UPDATE session SET ended_at = ? WHERE ended_at IS NULL AND id IS NOT ?', [now, kept ?? null]);
}

/** A clock that went backwards makes nobody's session older, nor longer than it may be. */
function isLive({ beganAt, seenAt, endedAt }: Session, now: number): boolean {
  if (endedAt !== undefined) return false;
  return Math.abs(now - beganAt) <= sessionAges.mostMs && now - seenAt <= sessionAges.idleMs;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function fromRow({ id, remote, began_at: beganAt, seen_at: seenAt, ended_at: endedAt }: Row): Session {
  return { id, remote, beganAt, seenAt, ...(endedAt === null ? {} : { endedAt }) };
}
