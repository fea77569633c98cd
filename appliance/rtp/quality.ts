/** Quality of all media: measured while they last, kept in the telemetry file, and one journal row at the end of each. */
import { openQualityStore, type MediaQuality, type QualityRecord } from '../store/media-quality.ts';
import { verdictOn } from '../store/quality-words.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { newRecorder, type Recorder } from './quality-record.ts';
import type { SessionQuality } from './session-quality.ts';

export interface Quality extends Disposable {
  open(session: string): SessionQuality;
  /** Nobody waits for what is written then. */
  close(session: string): void;
  /** Writes down how all media are, when it is time again. */
  measure(): void;
  readonly counters: {
    media_rated: number;
    /** Of these, below what people call fair. */
    media_poor: number;
    quality_errors: number;
  };
}

interface Needs {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly store: Store;
  readonly directory: string;
}

const everyMs = 5000;

/** Throws when the telemetry file can't be opened. */
export function openQuality({ world, store, directory }: Needs): Quality {
  const { clock, log } = world;
  const file = openQualityStore(directory);
  const recorders = new Map<string, Recorder>();
  const counters = { media_rated: 0, media_poor: 0, quality_errors: 0 };
  let dueAt = clock.now() + everyMs;
  const failed = (error: unknown) => {
    counters.quality_errors += 1;
    log.warn({ err: error }, 'the quality of media could not be written down');
  };
  const save = (records: readonly QualityRecord[]) => {
    try {
      if (records.length > 0) file.save(records);
    } catch (error) {
      failed(error);
    }
  };
  return {
    counters,
    open: (session) => {
      const recorder = newRecorder(session);
      recorders.set(session, recorder);
      return recorder.quality;
    },
    close: (session) => {
      const record = recorders.get(session)?.record(clock.now(), true);
      recorders.delete(session);
      if (record === undefined) return;
      const { word } = verdictOn(record.total);
      counters.media_rated += 1;
      if (word === 'poor' || word === 'bad') counters.media_poor += 1;
      save([record]);
      store.soon((tx) => tx.journal({ kind: 'media_quality', body: journalBody(record) })).catch(failed);
    },
    measure: () => {
      const now = clock.now();
      if (now < dueAt) return;
      dueAt = now + everyMs;
      save(Array.from(recorders.values()).flatMap((recorder) => recorder.record(now, false) ?? []));
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function journalBody({ session, total }: QualityRecord): Record<string, string | number | undefined> {
  const { blamed, text } = verdictOn(total);
  return {
    session,
    mos_at_phone: rounded(total.heardByPhone, 2),
    mos_at_far_end: rounded(total.heardByFarEnd, 2),
    blamed,
    verdict: text,
    ...legBody('phone', total.phone),
    ...legBody('cloud', total.cloud),
  };
}

function legBody(
  name: 'phone' | 'cloud',
  leg: MediaQuality['phone'],
): Record<string, string | number | undefined> {
  const { codec, lossToBox, lossFromBox, jitterToBoxMs, jitterFromBoxMs, roundTripMs } = leg;
  return {
    [`${name}_codec`]: codec,
    [`${name}_loss_percent`]: rounded(Math.max(lossToBox, lossFromBox ?? 0) * 100, 2),
    [`${name}_jitter_ms`]: rounded(Math.max(jitterToBoxMs, jitterFromBoxMs ?? 0), 1),
    [`${name}_round_trip_ms`]: roundTripMs === undefined ? undefined : rounded(roundTripMs, 1),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
