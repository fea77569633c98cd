/** The last registration of each phone that failed. In sip's telemetry file, beside its ladder. */
import { all, run, type Database } from './database.ts';
import { readTelemetry } from './telemetry.ts';

export interface FailedRegistration {
  /** Names its ladder too. */
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  /** MAC, else its address. */
  readonly phone: string;
  readonly aor: string;
  readonly registrar: string;
  /** `ip:port`. */
  readonly source: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly userAgent?: string;
  /** As the phone was answered. */
  readonly status: number;
  readonly reason: string;
}

/** Phones, or addresses that somebody invents. */
const mostPhones = 2000;

/** One a phone: `registration-001565aa0001`, `registration-10.66.0.23`. */
export function failedRegistrationId(phone: string): string {
  return `registration-${phone.replaceAll(/[^0-9a-z.]/gi, '')}`;
}

export function saveFailedRegistration(db: Database, failed: FailedRegistration): void {
  run(
    db,
    `INSERT OR REPLACE INTO failed_registration
       (id, at, phone, aor, registrar, source, transport, user_agent, status, reason)
     VALUES (@id, @at, @phone, @aor, @registrar, @source, @transport, @userAgent, @status, @reason)`,
    { ...failed, userAgent: failed.userAgent ?? null },
  );
  run(
    db,
    'DELETE FROM failed_registration WHERE id IN (SELECT id FROM failed_registration ORDER BY at DESC LIMIT -1 OFFSET ?)',
    [mostPhones],
  );
}

/** The newest first. */
export function readFailedRegistrations(directory: string, limit: number): FailedRegistration[] {
  const rows = readTelemetry(directory, 'sip', (db) =>
    all<Omit<FailedRegistration, 'userAgent'> & { user_agent: string | null }>(
      db,
      'SELECT * FROM failed_registration ORDER BY at DESC, id LIMIT ?',
      [limit],
    ),
  );
  return (rows ?? []).map(({ user_agent: userAgent, ...row }) => ({
    ...row,
    ...(userAgent === null ? {} : { userAgent }),
  }));
}
