/** The table `moved_back` of provisioning: phones that the box gave back to the cloud by itself. */
import type { Posture } from '../phones/posture.ts';
import { all, one, run, type Database } from './database.ts';

/**
 * `client certificate`: the cloud asks for one that only the phone has. `refused`: the cloud refused it behind the box.
 * `registration lost`: led through the box for SIP it did not register.
 */
export type MovedBackReason = 'client certificate' | 'refused' | 'registration lost';

export interface MovedBack {
  readonly mac: string;
  readonly reason: MovedBackReason;
  /** What the settings wanted then; when they want something else the phone may try again. */
  readonly wanted: Posture;
  /** ms since 1970. */
  readonly at: number;
}

export function readMovedBack(db: Database, mac: string): MovedBack | undefined {
  return one<MovedBack>(db, 'SELECT mac, reason, wanted, at FROM moved_back WHERE mac = ?', [mac]);
}

export function readAllMovedBack(db: Database): MovedBack[] {
  return all<MovedBack>(db, 'SELECT mac, reason, wanted, at FROM moved_back ORDER BY mac');
}

export function saveMovedBack(db: Database, phone: MovedBack): void {
  run(
    db,
    'INSERT OR REPLACE INTO moved_back (mac, reason, wanted, at) VALUES (@mac, @reason, @wanted, @at)',
    {
      ...phone,
    },
  );
}

export function forgetMovedBack(db: Database, mac: string): void {
  run(db, 'DELETE FROM moved_back WHERE mac = ?', [mac]);
}
