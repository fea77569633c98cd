/** Calls that went through us, the running ones and the last of those that ended. Owned by sip. */
import { forgetCallDialogs } from './call-dialogs.ts';
import { all, one, run, type Database } from './database.ts';

export type CallState = 'ringing' | 'up' | 'ended';

export interface Call {
  readonly id: string;
  readonly mac?: string;
  /** Seen from the phone. */
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly state: CallState;
  /** ms since 1970, as the others. */
  readonly startedAt: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  readonly reason?: string;
  /** RTP packets relayed. */
  readonly packetsFromPhone?: number;
  readonly packetsToPhone?: number;
}

export interface CallEnd {
  readonly id: string;
  readonly endedAt: number;
  readonly reason: string;
  readonly packetsFromPhone?: number;
  readonly packetsToPhone?: number;
}

interface CallRow {
  readonly id: string;
  readonly mac: string | null;
  readonly direction: Call['direction'];
  readonly from_uri: string;
  readonly to_uri: string;
  readonly state: CallState;
  readonly started_at: number;
  readonly answered_at: number | null;
  readonly ended_at: number | null;
  readonly reason: string | null;
  readonly packets_from_phone: number | null;
  readonly packets_to_phone: number | null;
}

/** Ended calls beyond this many are forgotten, oldest first. */
const keptCalls = 10_000;
const prunedEvery = 100;
const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Latest first. */
export function readCalls(db: Database, limit: number): Call[] {
  return all<CallRow>(db, 'SELECT * FROM call ORDER BY started_at DESC, id LIMIT ?', [limit]).map(callOf);
}

export function readCall(db: Database, id: string): Call | undefined {
  return all<CallRow>(db, 'SELECT * FROM call WHERE id = ?', [id]).map(callOf)[0];
}

/** Of one phone, latest first. */
export function readCallsOf(db: Database, mac: string, limit: number): Call[] {
  return all<CallRow>(db, 'SELECT * FROM call WHERE mac = ? ORDER BY started_at DESC, id LIMIT ?', [
    mac,
    limit,
  ]).map(callOf);
}

/** Ringing or up. */
export function readOpenCalls(db: Database): Call[] {
  return all<CallRow>(db, `SELECT * FROM call WHERE state <> 'ended' ORDER BY started_at, id`).map(callOf);
}

/** Up if it was answered, else ringing. */
export function saveCall(
  db: Database,
  call: Pick<Call, 'id' | 'direction' | 'from' | 'to' | 'startedAt'> & {
    readonly mac?: string | undefined;
    readonly answeredAt?: number | undefined;
  },
): void {
  const { id, mac = null, direction, from, to, startedAt, answeredAt = null } = call;
  const state = answeredAt === null ? 'ringing' : 'up';
  const saved = one<{ rowid: number }>(
    db,
    `INSERT INTO call (id, mac, direction, from_uri, to_uri, state, started_at, answered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     RETURNING rowid`,
    [id, mac, direction, from, to, state, startedAt, answeredAt],
  );
  // Finding the oldest one to keep means counting all of them.
  if (saved === undefined || saved.rowid % prunedEvery !== 0) return;
  // Of before the clock was set back: until then they would stand above all that comes, and crowd it out. Only once calls were made for
  // an hour since: it may have been set back wrongly.
  run(
    db,
    `DELETE FROM call WHERE state = 'ended' AND started_at > ? AND rowid < (SELECT max(rowid) FROM call WHERE started_at <= ?)`,
    [startedAt + dayMs, startedAt - hourMs],
  );
  run(
    db,
    `DELETE FROM call WHERE state = 'ended' AND started_at < (SELECT started_at FROM call ORDER BY started_at DESC LIMIT 1 OFFSET ?)`,
    [keptCalls],
  );
}

/** The clock was set; those that have ended have their times. */
export function shiftOpenCalls(db: Database, ms: number): void {
  run(
    db,
    `UPDATE call SET started_at = started_at + @ms, answered_at = answered_at + @ms WHERE state <> 'ended'`,
    { ms },
  );
}

export function answerCall(db: Database, id: string, answeredAt: number): void {
  run(db, `UPDATE call SET state = 'up', answered_at = ? WHERE id = ?`, [answeredAt, id]);
}

export function endCall(db: Database, end: CallEnd): void {
  run(
    db,
    `UPDATE call SET state = 'ended', ended_at = ?, reason = ?, packets_from_phone = ?, packets_to_phone = ? WHERE id = ?`,
    [end.endedAt, end.reason, end.packetsFromPhone ?? null, end.packetsToPhone ?? null, end.id],
  );
  forgetCallDialogs(db, end.id);
}

function callOf(row: CallRow): Call {
  return {
    id: row.id,
    direction: row.direction,
    from: row.from_uri,
    to: row.to_uri,
    state: row.state,
    startedAt: row.started_at,
    ...(row.mac === null ? {} : { mac: row.mac }),
    ...(row.answered_at === null ? {} : { answeredAt: row.answered_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.packets_from_phone === null ? {} : { packetsFromPhone: row.packets_from_phone }),
    ...(row.packets_to_phone === null ? {} : { packetsToPhone: row.packets_to_phone }),
  };
}
