/** The last registration of each phone that failed. In sip's telemetry file, beside its ladder. */
import { all, one, run, type Database } from './database.ts';
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

type Row = Omit<FailedRegistration, 'userAgent'> & { readonly user_agent: string | null };

/** The newest first. */
export function readFailedRegistrations(directory: string, limit: number): FailedRegistration[] {
  const rows = readTelemetry(directory, 'sip', (db) =>
    all<Row>(db, 'SELECT * FROM failed_registration ORDER BY at DESC, id LIMIT ?', [limit]),
  );
  return (rows ?? []).map(registrationOf);
}

export function readFailedRegistration(directory: string, id: string): FailedRegistration | undefined {
  const row = readTelemetry(directory, 'sip', (db) =>
    one<Row>(db, 'SELECT * FROM failed_registration WHERE id = ?', [id]),
  );
  return row && registrationOf(row);
}

function registrationOf({ user_agent: userAgent, ...row }: Row): FailedRegistration {
  return { ...row, ...(userAgent === null ? {} : { userAgent }) };
}
