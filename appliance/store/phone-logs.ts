/** The table `phone_log` of provisioning: what phones uploaded for people to read. Never to be trusted. */
import { all, one, run, type Database } from './database.ts';

export interface PhoneLog {
  readonly id: number;
  readonly mac: string;
  readonly name: string;
  readonly ip: string;
  /** ms since 1970. */
  readonly at: number;
  /** Bytes: what the phone sent, and what is kept of it, the end. */
  readonly sent: number;
  readonly kept: number;
}

/** Bytes of one log. */
export const mostOfOne = 262_144;
/** Bytes of one phone's and of all phones' logs together, and how many: beyond, the oldest go. */
const bounds = { bytesOfPhone: 1_048_576, logsOfPhone: 8, bytes: 67_108_864, logs: 20_000 };

/** The newest first. */
export function readPhoneLogs(db: Database, mac: string): PhoneLog[] {
  const columns = 'id, mac, name, ip, at, sent, kept';
  return all<PhoneLog>(db, `SELECT ${columns} FROM phone_log WHERE mac = ? ORDER BY id DESC`, [mac]);
}

export function readPhoneLogText(db: Database, mac: string, id: number): Buffer | undefined {
  return one<{ text: Buffer }>(db, 'SELECT text FROM phone_log WHERE mac = ? AND id = ?', [mac, id])?.text;
}

/** `text`: at most {@link mostOfOne} bytes. */
export function savePhoneLog(
  db: Database,
  log: Omit<PhoneLog, 'id' | 'kept'> & { readonly text: Uint8Array },
  most = bounds,
): void {
  run(
    db,
    `INSERT INTO phone_log (mac, name, ip, at, sent, kept, text)
     VALUES (@mac, @name, @ip, @at, @sent, length(@text), @text)`,
    { ...log, text: Buffer.from(log.text) },
  );
  run(
    db,
    `DELETE FROM phone_log WHERE id IN (SELECT id FROM (
       SELECT id, row_number() OVER newer AS place, sum(kept) OVER newer AS bytes
       FROM phone_log WHERE mac = @mac WINDOW newer AS (ORDER BY id DESC)
     ) WHERE place > @logsOfPhone OR bytes > @bytesOfPhone)`,
    { mac: log.mac, logsOfPhone: most.logsOfPhone, bytesOfPhone: most.bytesOfPhone },
  );
  const total = 'SELECT count(*) AS logs, coalesce(sum(kept), 0) AS bytes FROM phone_log';
  for (;;) {
    const { logs, bytes } = one<{ logs: number; bytes: number }>(db, total) ?? { logs: 0, bytes: 0 };
    if (logs <= most.logs && bytes <= most.bytes) return;
    run(db, 'DELETE FROM phone_log WHERE id IN (SELECT id FROM phone_log ORDER BY id LIMIT @tenth)', {
      tenth: Math.max(1, Math.floor(logs / 10)),
    });
  }
}
