/** How one medium of a call sounds: what arrives from each far end, what they report, and what that does to speech. */
import { DecodeError } from '../protocol/bytes.ts';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { decodeRtcp } from '../protocol/rtcp.ts';
import type { RtpCodec } from '../protocol/sdp-codecs.ts';
import type { LegQuality, MediaQuality } from '../store/media-quality.ts';
import { meanOpinionScore } from './e-model.ts';
import { ReceivedStream } from './received-stream.ts';
import { newReports, type Delivered, type Reports } from './reports.ts';

export interface SessionQuality {
  /** Of what this leg's far end wants to be sent. */
  setCodecs(leg: LegName, codecs: readonly RtpCodec[]): void;
  /** A packet from this leg that passed this process; SRTP will do. */
  onRtp(leg: LegName, packet: Uint8Array, atMs: number): void;
  /** A report from this leg, in clear. What is none is passed over. */
  onReport(leg: LegName, report: Uint8Array, atMs: number): void;
  /** The beginning (12 bytes) of one of many packets that the kernel carried. */
  onSample(leg: LegName, header: Uint8Array, atMs: number): void;
  /** So many from this leg were carried by the kernel since the last time. */
  onCarried(leg: LegName, packets: number, atMs: number): void;
  /** Of the whole call so far; undefined: nothing was heard. */
  total(): MediaQuality | undefined;
  /** Since this was asked last. */
  sinceLast(): MediaQuality | undefined;
}

/** What one leg's figures are made of. */
interface Raw {
  readonly codec: string | undefined;
  readonly expected: number;
  readonly received: number;
  readonly jitterMs: number;
  readonly delivered: Delivered;
  readonly roundTripMs: number | undefined;
}

type Both<T> = Readonly<Record<LegName, T>>;

export function newSessionQuality(): SessionQuality {
  const streams = { phone: new ReceivedStream(), cloud: new ReceivedStream() };
  const reports = newReports(streams);
  const wholeOf = (kind: 'mean' | 'last'): Both<Raw> => ({
    phone: rawOf(streams.phone, reports.delivered('phone'), kind),
    cloud: rawOf(streams.cloud, reports.delivered('cloud'), kind),
  });
  let last: Both<Raw> | undefined;
  return {
    setCodecs: (leg, codecs) => streams[otherLeg[leg]].setCodecs(codecs),
    onRtp: (leg, packet, atMs) => streams[leg].note(packet, atMs),
    onReport: (leg, report, atMs) => readReport(reports, { leg, report, atMs }),
    onSample: (leg, header, atMs) => streams[leg].sample(header, atMs),
    onCarried: (leg, packets, atMs) => streams[leg].count(packets, atMs),
    total: () => qualityOf(wholeOf('mean')),
    sinceLast: () => {
      const now = wholeOf('last');
      const before = last;
      last = now;
      return qualityOf(
        before === undefined
          ? now
          : { phone: less(now.phone, before.phone), cloud: less(now.cloud, before.cloud) },
      );
    },
  };
}

function readReport(
  reports: Reports,
  { leg, report, atMs }: { leg: LegName; report: Uint8Array; atMs: number },
): void {
  try {
    reports.onPackets(leg, decodeRtcp(report), atMs);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

function rawOf({ counts, codec }: ReceivedStream, delivered: Delivered, kind: 'mean' | 'last'): Raw {
  return {
    codec: codec?.name,
    expected: counts.expected,
    received: counts.received,
    jitterMs: kind === 'mean' ? counts.meanJitterMs : counts.jitterMs,
    delivered,
    roundTripMs: kind === 'mean' ? delivered.meanRoundTripMs : delivered.roundTripMs,
  };
}

function less(now: Raw, before: Raw): Raw {
  const { sent, lost } = now.delivered;
  return {
    ...now,
    expected: now.expected - before.expected,
    received: now.received - before.received,
    delivered: { ...now.delivered, sent: sent - before.delivered.sent, lost: lost - before.delivered.lost },
  };
}

function qualityOf(raw: Both<Raw>): MediaQuality | undefined {
  if (raw.phone.received + raw.cloud.received <= 0) return undefined;
  const legs = { phone: legOf(raw.phone, raw.cloud), cloud: legOf(raw.cloud, raw.phone) };
  return {
    ...legs,
    heardByPhone: heardBy('phone', legs, raw),
    heardByFarEnd: heardBy('cloud', legs, raw),
  };
}

/** `other`: the leg whose far end sends what this one's hears. */
function legOf(own: Raw, other: Raw): LegQuality {
  const { delivered } = own;
  const lossToBox = share(own.expected - own.received, own.expected);
  const lossFromBox = delivered.sent > 0 ? share(delivered.lost, delivered.sent) : undefined;
  const jitterFromBoxMs =
    delivered.jitterMs === undefined ? undefined : Math.max(0, delivered.jitterMs - other.jitterMs);
  const mos = meanOpinionScore({
    codec: own.codec ?? other.codec,
    loss: Math.max(lossToBox, lossFromBox ?? 0),
    delayMs: delayMs([own.roundTripMs], Math.max(own.jitterMs, jitterFromBoxMs ?? 0)),
  });
  return {
    packets: Math.round(own.received),
    lossToBox,
    jitterToBoxMs: own.jitterMs,
    mos,
    ...(own.codec === undefined ? {} : { codec: own.codec }),
    ...(lossFromBox === undefined ? {} : { lossFromBox }),
    ...(jitterFromBoxMs === undefined ? {} : { jitterFromBoxMs }),
    ...(own.roundTripMs === undefined ? {} : { roundTripMs: own.roundTripMs }),
  };
}

/** All that happened on the way from the other far end to this one. */
function heardBy(leg: LegName, legs: Both<LegQuality>, raw: Both<Raw>): number {
  const sender = otherLeg[leg];
  const arrived = (1 - legs[sender].lossToBox) * (1 - (legs[leg].lossFromBox ?? 0));
  const { jitterMs = raw[sender].jitterMs, discarded } = raw[leg].delivered;
  return meanOpinionScore({
    codec: raw[sender].codec,
    loss: 1 - arrived * (1 - discarded),
    delayMs: delayMs([raw.phone.roundTripMs, raw.cloud.roundTripMs], jitterMs),
  });
}

/** One packet to speak into (20 ms), half of each round trip, and a play-out buffer twice the jitter (20 ms at least). */
function delayMs(roundTripsMs: readonly (number | undefined)[], jitterMs: number): number {
  const halves = roundTripsMs.reduce<number>((sum, roundTripMs = 0) => sum + roundTripMs / 2, 0);
  return 20 + halves + Math.max(20, 2 * jitterMs);
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}
