/**
 * What phones said by syslog, in provisioning's telemetry file: the last seconds may be lost, and it never grows beyond its bounds.
 * Never to be trusted.
 */
import { severities } from '../protocol/syslog-line.ts';
import { all, one, run, type Database } from './database.ts';
import { openTelemetryFile, readTelemetry } from './telemetry.ts';

export interface PhoneSyslogLine {
  /** ms since 1970: when it came. */
  readonly at: number;
  /** 0 (emergency) to 7 (debug). */
  readonly severity: number;
  readonly text: string;
}

export interface PhoneSyslogBounds {
  /** Of all phones and of one; beyond, the oldest lines go. */
  readonly bytes: number;
  readonly bytesOfPhone: number;
}

export const phoneSyslogBounds: PhoneSyslogBounds = { bytes: 33_554_432, bytesOfPhone: 524_288 };

export interface PhoneSyslogStore extends Disposable {
  /** One transaction; throws when the disk does. */
  write(lines: readonly (PhoneSyslogLine & { readonly mac: string })[]): void;
}

/** What a row takes besides its text, about. */
const rowBytes = 48;
const size = `length(CAST(text AS BLOB)) + ${rowBytes}`;
/** When there is too much, so much goes that it is not too much again with the next line. */
const keptShare = 0.75;

export function openPhoneSyslog(directory: string, bounds = phoneSyslogBounds): PhoneSyslogStore {
  const db = openTelemetryFile(directory, 'provisioning');
  let bytes = bytesOfPhones(db);
  const total = () => [...bytes.values()].reduce((sum, of) => sum + of, 0);
  return {
    write: (lines) => {
      try {
        db.transaction(() => {
          for (const { mac, at, severity, text } of lines) {
            const sql = 'INSERT INTO phone_syslog (mac, at, severity, text) VALUES (?, ?, ?, ?)';
            run(db, sql, [mac, at, severity, text]);
            bytes.set(mac, (bytes.get(mac) ?? 0) + Buffer.byteLength(text) + rowBytes);
          }
          for (const mac of new Set(lines.map((line) => line.mac)))
            if ((bytes.get(mac) ?? 0) > bounds.bytesOfPhone)
              bytes.set(mac, forgetOldest(db, 'mac = ?', { most: bounds.bytesOfPhone, of: [mac] }));
          if (total() <= bounds.bytes) return;
          forgetOldest(db, 'true', { most: bounds.bytes, of: [] });
          bytes = bytesOfPhones(db);
        })();
      } catch (error) {
        bytes = bytesOfPhones(db);
        throw error;
      }
    },
    [Symbol.dispose]: () => {
      // Not closed, as in store.ts: readers of other users need the WAL to stay.
    },
  };
}

/** As people read it, without a line break. */
export function phoneSyslogText({ at, severity, text }: PhoneSyslogLine): string {
  return `${new Date(at).toISOString()} ${severities[severity] ?? severity} ${text}`;
}

/** The newest `most` lines of a phone, or all, in order. */
export function readPhoneSyslog(directory: string, mac: string, most = -1): PhoneSyslogLine[] {
  const sql = 'SELECT at, severity, text FROM phone_syslog WHERE mac = ? ORDER BY id DESC LIMIT ?';
  const found = readTelemetry(directory, 'provisioning', (db) => all<PhoneSyslogLine>(db, sql, [mac, most]));
  return (found ?? []).toReversed();
}

function bytesOfPhones(db: Database): Map<string, number> {
  const sql = `SELECT mac, sum(${size}) AS bytes FROM phone_syslog GROUP BY mac`;
  return new Map(all<{ mac: string; bytes: number }>(db, sql).map(({ mac, bytes }) => [mac, bytes]));
}

/** Of those that meet the condition; what is left of them. */
function forgetOldest(db: Database, where: string, { most, of }: { most: number; of: string[] }): number {
  const sum = `SELECT id, sum(${size}) OVER (ORDER BY id DESC) AS bytes FROM phone_syslog WHERE ${where}`;
  run(db, `DELETE FROM phone_syslog WHERE id IN (SELECT id FROM (${sum}) WHERE bytes > ?)`, [
    ...of,
    most * keptShare,
  ]);
  const left = `SELECT coalesce(sum(${size}), 0) AS bytes FROM phone_syslog WHERE ${where}`;
  return one<{ bytes: number }>(db, left, of)?.bytes ?? 0;
}
