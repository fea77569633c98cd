/** The table `phone_request` of provisioning: what each phone asked for last, and what became of it. */
import { all, one, run, type Database } from './database.ts';
import type { ConfigurationStage } from './phone-configurations.ts';

export const requestOutcomes = [
  'overlay given',
  'passed',
  'kept answer',
  'cloud away',
  'busy',
  'held',
  'refused',
  'answer refused',
  'sent to the cloud',
  'upload taken',
  'log kept',
  'file passed',
  'not here',
] as const;

export type RequestOutcome = (typeof requestOutcomes)[number];

/** Equal requests of one phone, the last of them at `lastAt`. */
export interface PhoneRequest {
  readonly mac: string;
  /** One-time parts are masked. */
  readonly path: string;
  readonly method: string;
  readonly isSecure: boolean;
  readonly stage: ConfigurationStage;
  /** HTTP status that the phone got. */
  readonly status: number;
  readonly outcome: RequestOutcome;
  /** A sentence. */
  readonly reason?: string;
  readonly ip: string;
  /** ms since 1970, as the next. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

interface Row {
  readonly mac: string;
  readonly path: string;
  readonly method: string;
  readonly secure: number;
  readonly stage: ConfigurationStage;
  readonly status: number;
  readonly outcome: RequestOutcome;
  readonly reason: string;
  readonly ip: string;
  readonly first_at: number;
  readonly last_at: number;
  readonly count: number;
}

/** A boot is some twenty different requests. */
export const mostPerPhone = 32;
/** A flood of invented MACs must not fill the disk: beyond this the oldest of all go. */
const mostRequests = 100_000;

const dayMs = 86_400_000;

/** The newest first. */
export function readPhoneRequests(db: Database, mac: string): PhoneRequest[] {
  return all<Row>(db, 'SELECT * FROM phone_request WHERE mac = ? ORDER BY last_at DESC, first_at DESC', [
    mac,
  ]).map(fromRow);
}

export function savePhoneRequests(db: Database, requests: readonly PhoneRequest[]): void {
  for (const request of requests) saveOne(db, request);
  const latest = Math.max(...requests.map(({ lastAt }) => lastAt));
  for (const mac of new Set(requests.map((request) => request.mac))) {
    // Of before the clock was set back: until then they would stand above all that comes, and crowd it out.
    run(db, 'DELETE FROM phone_request WHERE mac = ? AND last_at > ?', [mac, latest + dayMs]);
    run(
      db,
      `DELETE FROM phone_request WHERE mac = @mac AND last_at <
         (SELECT last_at FROM phone_request WHERE mac = @mac ORDER BY last_at DESC LIMIT 1 OFFSET @last)`,
      { mac, last: mostPerPhone - 1 },
    );
  }
}

function saveOne(db: Database, { isSecure, ...rest }: PhoneRequest): void {
  run(
    db,
    `INSERT INTO phone_request (mac, path, method, secure, stage, status, outcome, reason, ip, first_at, last_at, count)
     VALUES (@mac, @path, @method, @secure, @stage, @status, @outcome, @reason, @ip, @firstAt, @lastAt, @count)
     ON CONFLICT DO UPDATE SET ip = excluded.ip, last_at = excluded.last_at, count = count + excluded.count`,
    { reason: '', ...rest, secure: isSecure ? 1 : 0 },
  );
}

/** After a batch of {@link savePhoneRequests}. */
export function prunePhoneRequests(db: Database, most = mostRequests): void {
  const count = one<{ count: number }>(db, 'SELECT count(*) AS count FROM phone_request')?.count ?? 0;
  if (count <= most) return;
  run(
    db,
    'DELETE FROM phone_request WHERE last_at <= (SELECT last_at FROM phone_request ORDER BY last_at LIMIT 1 OFFSET ?)',
    [count - most - 1],
  );
}

function fromRow({ secure, reason, first_at: firstAt, last_at: lastAt, ...row }: Row): PhoneRequest {
  return { ...row, isSecure: secure === 1, firstAt, lastAt, ...(reason === '' ? {} : { reason }) };
}
