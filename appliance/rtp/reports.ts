/** What the far ends report of each other's streams as it crosses, RFC 3550 section 6.4: round trips of each leg, and what was lost behind the box. */
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { middleOfNtp, type ReportBlock, type RtcpPacket } from '../protocol/rtcp.ts';
import type { ReceivedStream } from './received-stream.ts';

export interface Reports {
  onPackets(from: LegName, packets: readonly RtcpPacket[], atMs: number): void;
  /** Of what the box sent to this leg's far end. */
  delivered(to: LegName): Delivered;
}

export interface Delivered {
  /** Packets that its reports are about. Losses before the box don't count. */
  readonly sent: number;
  readonly lost: number;
  /** As the far end measured it, the way to the box included. */
  readonly jitterMs: number | undefined;
  /** 0–1: came, but too late to be played (RFC 3611). */
  readonly discarded: number;
  /** From the box to the far end and back; the last one and the mean. */
  readonly roundTripMs: number | undefined;
  readonly meanRoundTripMs: number | undefined;
}

/** A far end answers with its next report, some seconds later. */
const keptSenderReports = 16;
/** A longer round trip is an error in somebody's report. */
const longestRoundTripMs = 10_000;

interface Side {
  /** Sender reports that went to this far end: their name in its reports, and when they passed. */
  readonly passed: Map<number, number>;
  /** Of senders that are heard no more. */
  readonly before: { sent: number; lost: number };
  now: { ssrc: number; sent: number; lost: number } | undefined;
  jitterMs: number | undefined;
  discarded: number;
  roundTripMs: number | undefined;
  readonly roundTrips: { sum: number; count: number };
}

/** `streams`: of the far end of each leg. */
export function newReports(streams: Readonly<Record<LegName, ReceivedStream>>): Reports {
  const sides: Readonly<Record<LegName, Side>> = { phone: newSide(), cloud: newSide() };
  return {
    onPackets: (from, packets, atMs) => {
      for (const packet of packets) {
        if (packet.type === 'sender-report') pass(sides[otherLeg[from]], middleOfNtp(packet.sender), atMs);
        if (packet.type === 'sender-report' || packet.type === 'receiver-report') {
          for (const block of packet.blocks) onBlock(sides[from], streams[otherLeg[from]], { block, atMs });
        }
        if (packet.type === 'extended-report') {
          for (const { ssrc, discardRate } of packet.voice)
            if (ssrc === streams[otherLeg[from]].ssrc) sides[from].discarded = discardRate / 256;
        }
      }
    },
    delivered: (to) => {
      const { before, now, jitterMs, discarded, roundTripMs, roundTrips } = sides[to];
      return {
        sent: before.sent + (now?.sent ?? 0),
        lost: before.lost + (now?.lost ?? 0),
        jitterMs,
        discarded,
        roundTripMs,
        meanRoundTripMs: roundTrips.count === 0 ? undefined : roundTrips.sum / roundTrips.count,
      };
    },
  };
}

function newSide(): Side {
  return {
    passed: new Map(),
    before: { sent: 0, lost: 0 },
    now: undefined,
    jitterMs: undefined,
    discarded: 0,
    roundTripMs: undefined,
    roundTrips: { sum: 0, count: 0 },
  };
}

function pass({ passed }: Side, name: number, atMs: number): void {
  passed.set(name, atMs);
  if (passed.size <= keptSenderReports) return;
  const [oldest] = passed.keys();
  if (oldest !== undefined) passed.delete(oldest);
}

function onBlock(
  side: Side,
  stream: ReceivedStream,
  { block, atMs }: { block: ReportBlock; atMs: number },
): void {
  onRoundTrip(side, block, atMs);
  if (block.ssrc !== stream.ssrc) return;
  if (side.now !== undefined && side.now.ssrc !== block.ssrc) {
    side.before.sent += side.now.sent;
    side.before.lost += side.now.lost;
  }
  const lostBefore = Math.max(0, stream.lostOfSender);
  side.now = {
    ssrc: block.ssrc,
    sent: Math.max(0, stream.expectedOfSender - lostBefore),
    lost: Math.max(0, block.cumulativeLost - lostBefore),
  };
  const clockRate = stream.codec?.clockRate;
  if (clockRate !== undefined) side.jitterMs = (block.jitter / clockRate) * 1000;
}

/** Our own clock at both ends of it, and the far end's for what it waited: no clocks need to agree. */
function onRoundTrip(side: Side, block: ReportBlock, atMs: number): void {
  const passedAt = side.passed.get(block.lastSenderReport);
  if (passedAt === undefined || block.lastSenderReport === 0) return;
  const roundTripMs = atMs - passedAt - block.delaySinceLastSenderReport / 65.536;
  if (roundTripMs < -1 || roundTripMs > longestRoundTripMs) return;
  side.roundTripMs = Math.max(0, roundTripMs);
  side.roundTrips.sum += side.roundTripMs;
  side.roundTrips.count += 1;
}
