/** Registrations: which phone is reachable where, and under which Contact its registrar knows it. Owned by sip. */
import { all, run, type Database } from './database.ts';

/** `late`: the phone did not refresh in time. `lost`: the way to the registrar broke; the next refresh passes through. */
export type BindingState = 'registered' | 'late' | 'lost';

export interface Binding {
  readonly aor: string;
  readonly mac?: string;
  /** The phone's own Contact URI. */
  readonly contact: string;
  /** `ip:port`, seen by the box. */
  readonly source: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly userAgent?: string;
  readonly registeredAt: number;
  /** Upstream, ms since 1970. */
  readonly expiresAt: number;
  /** As told to the phone, ms since 1970. */
  readonly localExpiresAt: number;
  readonly state: BindingState;
}

/** A binding with what only its owner needs. */
export interface BindingRow {
  readonly token: string;
  readonly aor: string;
  readonly registrar: string;
  readonly phone: string;
  readonly flow: string;
  readonly mac: string | null;
  readonly contact: string;
  readonly contact_uri: string;
  readonly source: string;
  readonly transport: Binding['transport'];
  readonly user_agent: string | null;
  readonly auth_user: string | null;
  /** Of the challenge whose answer the registrar accepted. */
  readonly auth_realm: string | null;
  readonly auth_algorithm: string | null;
  readonly local_address: string;
  /** JSON. */
  readonly reply: string;
  readonly registered_at: number;
  readonly expires_at: number;
  readonly local_expires_at: number;
  readonly state: BindingState;
}

export function readBindings(db: Database): Binding[] {
  return readBindingRows(db).map((row) => ({
    aor: row.aor,
    contact: row.contact_uri,
    source: row.source,
    transport: row.transport,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
    localExpiresAt: row.local_expires_at,
    state: row.state,
    ...(row.mac === null ? {} : { mac: row.mac }),
    ...(row.user_agent === null ? {} : { userAgent: row.user_agent }),
  }));
}

export function readBindingRows(db: Database): BindingRow[] {
  return all<BindingRow>(db, 'SELECT * FROM binding ORDER BY registered_at, token');
}

/** Replaces the binding of this token, and of this phone and AOR. */
export function saveBinding(db: Database, row: BindingRow): void {
  run(
    db,
    `INSERT OR REPLACE INTO binding (token, aor, registrar, phone, flow, mac, contact, contact_uri, source, transport,
       user_agent, auth_user, auth_realm, auth_algorithm, local_address, reply, registered_at, expires_at, local_expires_at, state)
     VALUES (@token, @aor, @registrar, @phone, @flow, @mac, @contact, @contact_uri, @source, @transport,
       @user_agent, @auth_user, @auth_realm, @auth_algorithm, @local_address, @reply, @registered_at, @expires_at, @local_expires_at, @state)`,
    { ...row },
  );
}

export function refreshBinding(db: Database, token: string, localExpiresAt: number): void {
  run(db, 'UPDATE binding SET local_expires_at = ? WHERE token = ?', [localExpiresAt, token]);
}

/** The clock was set. */
export function shiftBindings(db: Database, ms: number): void {
  run(
    db,
    `UPDATE binding SET registered_at = registered_at + @ms, expires_at = expires_at + @ms, local_expires_at = local_expires_at + @ms`,
    { ms },
  );
}

export function removeBinding(db: Database, token: string): void {
  run(db, 'DELETE FROM binding WHERE token = ?', [token]);
}
