/** The record of one medium, and the points of its chart as they come. Pure. */
import type { MediaQuality, QualityPoint, QualityRecord } from '../store/media-quality.ts';
import { newSessionQuality, type SessionQuality } from './session-quality.ts';

export interface Recorder {
  readonly quality: SessionQuality;
  /** Measures the time since the last record. Undefined: nothing was heard yet. */
  record(at: number, isEnded: boolean): QualityRecord | undefined;
}

/** A chart has so many points at most; then each two become one. */
const mostPoints = 60;

export function newRecorder(session: string): Recorder {
  const quality = newSessionQuality();
  const call = session.split('.')[0] ?? session;
  let chart: QualityPoint[] = [];
  return {
    quality,
    record: (at, isEnded) => {
      const latest = quality.sinceLast();
      if (latest !== undefined) chart = withPoint(chart, pointOf(latest, at));
      const total = quality.total();
      if (total === undefined) return undefined;
      return { session, call, at, isEnded, total, chart, ...(latest === undefined ? {} : { latest }) };
    },
  };
}

function pointOf({ heardByPhone, heardByFarEnd, phone, cloud }: MediaQuality, at: number): QualityPoint {
  return {
    at,
    mos: Math.min(heardByPhone, heardByFarEnd),
    phoneLoss: Math.max(phone.lossToBox, phone.lossFromBox ?? 0),
    cloudLoss: Math.max(cloud.lossToBox, cloud.lossFromBox ?? 0),
  };
}

function withPoint(chart: readonly QualityPoint[], point: QualityPoint): QualityPoint[] {
  if (chart.length < mostPoints) return [...chart, point];
  const halved: QualityPoint[] = [];
  for (let at = 0; at < chart.length; at += 2) {
    const [first, second = first] = chart.slice(at, at + 2);
    if (first !== undefined && second !== undefined) halved.push(worse(first, second));
  }
  return [...halved, point];
}

/** What was bad stays visible. */
function worse(first: QualityPoint, second: QualityPoint): QualityPoint {
  return {
    at: second.at,
    mos: Math.min(first.mos, second.mos),
    phoneLoss: Math.max(first.phoneLoss, second.phoneLoss),
    cloudLoss: Math.max(first.cloudLoss, second.cloudLoss),
  };
}
