/** Media sessions that are going on, as the relay finds them when it starts again. Owned by rtp. */
import { all, run, type Database } from './database.ts';

export interface MediaSessionRow {
  readonly id: string;
  readonly phone_address: string;
  /** Of RTP; the next is RTCP's. */
  readonly phone_port: number;
  readonly cloud_address: string;
  readonly cloud_port: number;
  readonly expects_media: 0 | 1;
  /** JSON. */
  readonly far_ends: string;
}

export function readMediaSessions(db: Database): MediaSessionRow[] {
  return all<MediaSessionRow>(db, 'SELECT * FROM session ORDER BY id');
}

export function saveMediaSession(db: Database, row: MediaSessionRow): void {
  run(
    db,
    `INSERT OR REPLACE INTO session (id, phone_address, phone_port, cloud_address, cloud_port, expects_media, far_ends)
     VALUES (@id, @phone_address, @phone_port, @cloud_address, @cloud_port, @expects_media, @far_ends)`,
    { ...row },
  );
}

export function removeMediaSession(db: Database, id: string): void {
  run(db, 'DELETE FROM session WHERE id = ?', [id]);
}
