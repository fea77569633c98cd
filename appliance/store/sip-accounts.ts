/** The table `sip_account` of provisioning: accounts that passed to phones led through the box, sealed for sip. */
import { all, run, type Database } from './database.ts';

export interface SipAccountRow {
  readonly mac: string;
  readonly line: number;
  readonly user: string;
  readonly sealed: Uint8Array;
  readonly sealed_for: string;
  /** ms since 1970. */
  readonly at: number;
}

/** In the place of all that this phone had. The phone must have a row in `phone_configuration`. */
export function replaceSipAccounts(db: Database, mac: string, rows: readonly SipAccountRow[]): void {
  run(db, 'DELETE FROM sip_account WHERE mac = ?', [mac]);
  for (const row of rows) {
    run(
      db,
      `INSERT INTO sip_account (mac, line, user, sealed, sealed_for, at)
       VALUES (@mac, @line, @user, @sealed, @sealed_for, @at)`,
      { ...row },
    );
  }
}

/** Of this user, the latest first. */
export function readSipAccounts(db: Database, user: string): SipAccountRow[] {
  return all<SipAccountRow>(db, 'SELECT * FROM sip_account WHERE user = ? ORDER BY at DESC, mac', [user]);
}

/** Users of whom there is an account that sip can open. */
export function readSipAccountUsers(db: Database, keyId: string): Set<string> {
  const rows = all<{ user: string }>(db, 'SELECT DISTINCT user FROM sip_account WHERE sealed_for = ?', [
    keyId,
  ]);
  return new Set(rows.map(({ user }) => user));
}
