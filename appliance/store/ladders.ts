/**
 * Ladders: the SIP messages of a call on all its legs, or of a phone's last registration that failed, with their secrets masked.
 * In sip's telemetry file: the last seconds may be lost, and it never grows beyond its bounds.
 */
import { all, one, run, type Database } from './database.ts';
import { saveFailedRegistration, type FailedRegistration } from './failed-registrations.ts';
import { openTelemetryFile, readTelemetry } from './telemetry.ts';

export interface LadderMessage {
  /** Microseconds since 1970: milliseconds of the clock, and the order within one. */
  readonly at: number;
  /** By the box. */
  readonly isSent: boolean;
  /** The other end. */
  readonly party: 'phone' | 'cloud';
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** `ip:port`, of the box and of the other end. */
  readonly local: string;
  readonly remote: string;
  /** One SIP message without its secrets. */
  readonly bytes: Uint8Array;
}

export interface Ladder {
  readonly id: string;
  /** In order. */
  readonly messages: readonly LadderMessage[];
  /** Messages that came when it was full. */
  readonly leftOut: number;
}

/** What is written at once. */
export interface LadderBatch {
  readonly messages: readonly (LadderMessage & { readonly ladder: string })[];
  /** Each takes the place of the same phone's last one, messages and all. */
  readonly failed: readonly FailedRegistration[];
}

export interface LadderBounds {
  readonly days: number;
  /** Of all ladders, and of one. */
  readonly bytes: number;
  readonly bytesOfOne: number;
  readonly messagesOfOne: number;
}

export const ladderBounds: Omit<LadderBounds, 'days'> = {
  bytes: 33_554_432,
  bytesOfOne: 262_144,
  messagesOfOne: 200,
};

export interface LadderStore extends Disposable {
  /** One transaction; throws when the disk does. */
  write(batch: LadderBatch, now: number): void;
}

export function openLadderStore(directory: string, bounds: LadderBounds): LadderStore {
  const db = openTelemetryFile(directory, 'sip');
  /** Written since the whole was last measured. */
  let unmeasured = bounds.bytes;
  return {
    write: ({ messages, failed }, now) =>
      db.transaction(() => {
        for (const registration of failed) {
          forget(db, 'id = ?', [registration.id]);
          saveFailedRegistration(db, registration);
        }
        for (const message of messages) {
          saveMessage(db, message, bounds);
          unmeasured += message.bytes.length;
        }
        forget(db, 'at < ?', [now - bounds.days * 86_400_000]);
        if (unmeasured < bounds.bytes / 64) return;
        unmeasured = 0;
        prune(db, bounds.bytes);
      })(),
    [Symbol.dispose]: () => {
      // Not closed, as in store.ts: readers of other users need the WAL to stay.
    },
  };
}

/** Undefined: there is none, or not any more. */
export function readLadder(directory: string, id: string): Ladder | undefined {
  return readTelemetry(directory, 'sip', (db) => {
    const found = one<{ left_out: number }>(db, 'SELECT left_out FROM ladder WHERE id = ?', [id]);
    const rows = all<LadderMessage & { is_sent: number }>(
      db,
      'SELECT at, is_sent, party, transport, local, remote, bytes FROM ladder_message WHERE ladder = ? ORDER BY at',
      [id],
    );
    const messages = rows.map(({ is_sent: isSent, ...row }) => ({ ...row, isSent: isSent === 1 }));
    return found && { id, messages, leftOut: found.left_out };
  });
}

function saveMessage(db: Database, message: LadderBatch['messages'][number], bounds: LadderBounds): void {
  const { ladder, at, bytes, isSent, ...rest } = message;
  const values = {
    ...rest,
    ladder,
    at,
    isSent: isSent ? 1 : 0,
    bytes: Buffer.from(bytes),
    size: bytes.length,
    ms: Math.floor(at / 1000),
  };
  run(
    db,
    `INSERT INTO ladder (id, at, bytes, messages, left_out) VALUES (@ladder, @ms, 0, 0, 0) ON CONFLICT DO NOTHING`,
    values,
  );
  const hasRoom = run(
    db,
    `UPDATE ladder SET bytes = bytes + @size, messages = messages + 1
     WHERE id = @ladder AND messages < @messagesOfOne AND bytes + @size <= @bytesOfOne`,
    { ...values, ...bounds },
  );
  if (hasRoom === 0) {
    run(db, 'UPDATE ladder SET left_out = left_out + 1 WHERE id = @ladder', values);
    return;
  }
  run(
    db,
    `INSERT OR REPLACE INTO ladder_message (ladder, at, is_sent, party, transport, local, remote, bytes)
     VALUES (@ladder, @at, @isSent, @party, @transport, @local, @remote, @bytes)`,
    values,
  );
}

/** The oldest go until the rest fits. */
function prune(db: Database, bytes: number): void {
  for (;;) {
    const total = one<{ bytes: number }>(db, 'SELECT coalesce(sum(bytes), 0) AS bytes FROM ladder');
    if ((total?.bytes ?? 0) <= bytes) return;
    const some = 'SELECT id FROM ladder ORDER BY at LIMIT 1 + (SELECT count(*) / 20 FROM ladder)';
    forget(db, `id IN (${some})`, []);
  }
}

/** A registration that failed goes with its messages. */
function forget(db: Database, which: string, values: readonly unknown[]): void {
  run(db, `DELETE FROM failed_registration WHERE ${which}`, values);
  run(db, `DELETE FROM ladder WHERE ${which}`, values);
}
