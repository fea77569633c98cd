/** How calls sounded: measured by rtp every few seconds while they last, and kept for the last of them in its telemetry file. */
import { all, run, type Database } from './database.ts';
import { openTelemetryFile, readTelemetry } from './telemetry.ts';

/** One side of a call: its far end and the network between it and the box. */
export interface LegQuality {
  /** As in SDP, of what its far end sends. */
  readonly codec?: string;
  /** RTP from its far end. */
  readonly packets: number;
  /** 0–1: lost between its far end and the box, and the other way by the far end's own reports. */
  readonly lossToBox: number;
  readonly lossFromBox?: number;
  readonly jitterToBoxMs: number;
  readonly jitterFromBoxMs?: number;
  readonly roundTripMs?: number;
  /** 1–4.4, as if all else were perfect. */
  readonly mos: number;
}

export interface MediaQuality {
  /** The site's own network. */
  readonly phone: LegQuality;
  /** The way out; in a call between two phones here the other one's. */
  readonly cloud: LegQuality;
  /** 1–4.4: what each end hears of the other one. */
  readonly heardByPhone: number;
  readonly heardByFarEnd: number;
}

/** One point of a chart. */
export interface QualityPoint {
  /** ms since 1970: its end. */
  readonly at: number;
  /** The worse of the two ends. */
  readonly mos: number;
  /** 0–1, the worse direction of each leg. */
  readonly phoneLoss: number;
  readonly cloudLoss: number;
}

export interface QualityRecord {
  readonly session: string;
  readonly call: string;
  /** ms since 1970: when it was measured. */
  readonly at: number;
  readonly isEnded: boolean;
  readonly total: MediaQuality;
  /** Of the last seconds; undefined when nothing was heard in them. */
  readonly latest?: MediaQuality;
  readonly chart: readonly QualityPoint[];
}

export interface QualityStore extends Disposable {
  /** One transaction. Throws when the disk does. */
  save(records: readonly QualityRecord[]): void;
}

/** As many as there are call records, oldest first out. */
const keptRecords = 10_000;

export function openQualityStore(directory: string): QualityStore {
  const db = openTelemetryFile(directory, 'rtp');
  let areEnded = false;
  /** Whoever measured these is gone. */
  const endOthers = () => {
    if (!areEnded) run(db, 'UPDATE media_quality SET is_ended = 1 WHERE is_ended = 0');
  };
  try {
    endOthers();
    areEnded = true;
  } catch {
    // A disk that is full: with the first records that it takes.
  }
  return {
    save: (records) => {
      db.transaction(() => {
        endOthers();
        for (const record of records) saveRecord(db, record);
        run(
          db,
          `DELETE FROM media_quality WHERE is_ended = 1 AND at < (SELECT at FROM media_quality ORDER BY at DESC LIMIT 1 OFFSET ?)`,
          [keptRecords],
        );
      })();
      areEnded = true;
    },
    [Symbol.dispose]: () => {
      // Not closed, as in store.ts: readers of other users need the WAL to stay.
    },
  };
}

function saveRecord(db: Database, { session, call, at, isEnded, total, latest, chart }: QualityRecord): void {
  run(
    db,
    `INSERT OR REPLACE INTO media_quality (session, call, at, is_ended, total, latest, chart) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      session,
      call,
      at,
      isEnded ? 1 : 0,
      JSON.stringify(total),
      latest === undefined ? null : JSON.stringify(latest),
      JSON.stringify(chart),
    ],
  );
}

interface QualityRow {
  readonly session: string;
  readonly call: string;
  readonly at: number;
  readonly is_ended: number;
  readonly total: string;
  readonly latest: string | null;
  readonly chart: string;
}

/** Of these calls; a call with several media has several. */
export function readQuality(directory: string, calls: readonly string[]): QualityRecord[] {
  return (
    readTelemetry(directory, 'rtp', (db) =>
      all<QualityRow>(
        db,
        'SELECT * FROM media_quality WHERE call IN (SELECT value FROM json_each(?)) ORDER BY session',
        [JSON.stringify(calls)],
      ).map(recordOf),
    ) ?? []
  );
}

/** Of calls that are going on. */
export function readLiveQuality(directory: string): QualityRecord[] {
  return (
    readTelemetry(directory, 'rtp', (db) =>
      all<QualityRow>(db, 'SELECT * FROM media_quality WHERE is_ended = 0').map(recordOf),
    ) ?? []
  );
}

function recordOf(row: QualityRow): QualityRecord {
  return {
    session: row.session,
    call: row.call,
    at: row.at,
    isEnded: row.is_ended === 1,
    total: JSON.parse(row.total) as MediaQuality,
    chart: JSON.parse(row.chart) as QualityPoint[],
    ...(row.latest === null ? {} : { latest: JSON.parse(row.latest) as MediaQuality }),
  };
}
