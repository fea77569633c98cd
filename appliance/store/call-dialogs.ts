/** Both dialogs of each call that is up; what is in them is the SIP server's. Owned by sip. */
import { all, run, type Database } from './database.ts';

export interface CallDialog {
  readonly call: string;
  readonly leg: 'phone' | 'cloud';
  /** JSON text. */
  readonly state: string;
}

export function saveCallDialog(db: Database, { call, leg, state }: CallDialog): void {
  run(db, 'INSERT OR REPLACE INTO call_dialog (call, leg, state) VALUES (?, ?, ?)', [call, leg, state]);
}

export function readCallDialogs(db: Database): CallDialog[] {
  return all<CallDialog>(db, 'SELECT call, leg, state FROM call_dialog');
}

export function forgetCallDialogs(db: Database, call: string): void {
  run(db, 'DELETE FROM call_dialog WHERE call = ?', [call]);
}
