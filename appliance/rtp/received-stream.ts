/** What one far end sends, as it arrives here: loss and jitter by RFC 3550 appendices A.1, A.3 and A.8. No clock. */
import { uint16At, uint32At } from '../protocol/bytes.ts';
import type { RtpCodec } from '../protocol/sdp-codecs.ts';

export interface StreamCounts {
  /** Packets that should have come, by their numbers, and those that did. */
  readonly expected: number;
  readonly received: number;
  /** The momentary estimate and its mean over the stream. */
  readonly jitterMs: number;
  readonly meanJitterMs: number;
}

export interface ReceivedStream {
  /** Each packet that passes this process; `atMs` may have a fraction. */
  note(packet: Uint8Array, atMs: number): void;
  /** One of many that the kernel carries: the beginning of its header, 12 bytes. */
  sample(header: Uint8Array, atMs: number): void;
  /** So many were carried by the kernel since the last time. What of them was lost only samples tell. */
  count(packets: number, atMs: number): void;
  setCodecs(codecs: readonly RtpCodec[]): void;
  readonly counts: StreamCounts;
  /** Of the sender that is heard now. */
  readonly ssrc: number | undefined;
  /** Highest sequence number with its roll-overs, counted from this stream's first packet. */
  readonly expectedOfSender: number;
  readonly lostOfSender: number;
  readonly codec: RtpCodec | undefined;
}

/** A larger jump is a sender that began anew, if it goes on from there (appendix A.1). */
const mostDropout = 3000;
const mostMisorder = 100;
/** More is a clock that was set. */
const longestLateMs = 10_000;
/** Their time stamps stand still or jump: nothing can be told from them. */
const notSpeech = new Set(['TELEPHONE-EVENT', 'CN', 'RED']);

interface Sender {
  readonly ssrc: number;
  first: number;
  highest: number;
  received: number;
  /** By the kernel, since a header was seen. */
  carried: number;
  /** Of a jump that was seen once. */
  restartAt: number;
}

export function newReceivedStream(): ReceivedStream {
  let codecs = new Map<number, RtpCodec>();
  let codec: RtpCodec | undefined;
  const senders = newSenders();
  const timing = newTiming();

  const look = (header: Uint8Array, atMs: number, find: 'onHeader' | 'onSample'): Sender | undefined => {
    if (header.length < 12) return undefined;
    const before = senders.now;
    const found = senders[find](header, atMs);
    if (senders.now !== before) timing.forget();
    const payload = codecs.get((header[1] ?? 0) & 127);
    if (found === undefined || payload === undefined || notSpeech.has(payload.name)) return found;
    codec = payload;
    timing.onPacket(header, atMs, { clockRate: payload.clockRate, isSample: find === 'onSample' });
    return found;
  };
  return {
    note: (packet, atMs) => {
      const found = look(packet, atMs, 'onHeader');
      if (found !== undefined) found.received += 1;
    },
    sample: (header, atMs) => {
      look(header, atMs, 'onSample');
    },
    count: senders.onCarried,
    setCodecs: (described) => {
      codecs = new Map(described.map((each) => [each.payloadType, each]));
    },
    get counts() {
      return { ...senders.counts(), jitterMs: timing.jitterMs, meanJitterMs: timing.meanJitterMs };
    },
    get ssrc() {
      return senders.now?.ssrc;
    },
    get expectedOfSender() {
      return senders.now === undefined ? 0 : expectedOf(senders.now);
    },
    get lostOfSender() {
      return senders.now === undefined ? 0 : lostOf(senders.now);
    },
    get codec() {
      return codec;
    },
  };
}

/** As many numbers further as lie between by the 16 bits that are seen of them, and by what was carried. */
function settle(sender: Sender, { sequence, carried }: { sequence: number; carried: number }): void {
  const least = (sequence - sender.highest) & 0xff_ff;
  const ahead = least + 65_536 * Math.max(0, Math.round((carried - least) / 65_536));
  if (ahead > 2 * carried + mostDropout) {
    passOver(sender, sequence);
    return;
  }
  sender.highest += ahead;
  sender.received += carried;
  sender.carried -= carried;
}

/** To here from where the kernel took over: what passed meanwhile wasn't seen, so none of it was lost. */
function passOver(sender: Sender, sequence: number): Sender {
  sender.first = sequence - expectedOf(sender);
  sender.highest = sequence;
  sender.received += sender.carried;
  sender.carried = 0;
  return sender;
}

/** One sender after the other, each with sequence numbers of its own. */
function newSenders() {
  let now: Sender | undefined;
  const before = { expected: 0, received: 0 };
  /** Of the kernel's packets the last that was seen, and when their number was known last. */
  let sample: { sequence: number; atMs: number } | undefined;
  let knownAtMs = 0;
  const begin = (ssrc: number, sequence: number) => {
    if (now !== undefined) {
      before.expected += expectedOf(now);
      before.received += receivedOf(now);
    }
    sample = undefined;
    now = { ssrc, first: sequence, highest: sequence, received: 0, carried: 0, restartAt: -1 };
    return now;
  };
  return {
    get now() {
      return now;
    },
    /** Undefined: of a jump that may be an error. */
    onHeader: (header: Uint8Array, atMs: number): Sender | undefined => {
      knownAtMs = atMs;
      sample = undefined;
      const [sequence, ssrc] = [uint16At(header, 2), uint32At(header, 8)];
      if (now?.ssrc !== ssrc) return begin(ssrc, sequence);
      if (now.carried > 0) return passOver(now, sequence);
      const ahead = (sequence - now.highest) & 0xff_ff;
      if (ahead < mostDropout) now.highest += ahead;
      else if (ahead < 65_536 - mostMisorder) {
        if (sequence === now.restartAt) return begin(ssrc, sequence);
        now.restartAt = (sequence + 1) & 0xff_ff;
        return undefined;
      }
      return now;
    },
    onSample: (header: Uint8Array, atMs: number): Sender => {
      const [sequence, ssrc] = [uint16At(header, 2), uint32At(header, 8)];
      if (now?.ssrc !== ssrc) return Object.assign(begin(ssrc, sequence), { first: sequence + 1 });
      sample = { sequence, atMs };
      return now;
    },
    /** A sample is older than the count: what came after it is taken off at the pace of the count. */
    onCarried: (packets: number, atMs: number): void => {
      const pace = packets / Math.max(1, atMs - knownAtMs);
      knownAtMs = atMs;
      if (now === undefined) return;
      now.carried += packets;
      if (sample === undefined) return;
      const after = Math.min(now.carried, Math.max(0, pace * (atMs - sample.atMs)));
      settle(now, { sequence: sample.sequence, carried: now.carried - after });
      sample = undefined;
    },
    counts: () => ({
      expected: before.expected + (now === undefined ? 0 : expectedOf(now)),
      received: before.received + (now === undefined ? 0 : receivedOf(now)),
    }),
  };
}

/** Until a sample says otherwise nothing is taken to be lost of what the kernel carried. */
function expectedOf({ first, highest, carried }: Sender): number {
  return highest - first + 1 + carried;
}

function receivedOf({ received, carried }: Sender): number {
  return received + carried;
}

function lostOf(sender: Sender): number {
  return expectedOf(sender) - receivedOf(sender);
}

/** Interarrival jitter (section 6.4.1), and its mean. Of samples only neighbours say something, and so few count for more at first. */
function newTiming() {
  let last: { sequence: number; timestamp: number; atMs: number; clockRate: number } | undefined;
  let [jitterMs, sum, count, pairs] = [0, 0, 0, 0];
  return {
    onPacket: (
      header: Uint8Array,
      atMs: number,
      { clockRate, isSample }: { clockRate: number; isSample: boolean },
    ) => {
      const [sequence, timestamp] = [uint16At(header, 2), uint32At(header, 4)];
      const isNext = last !== undefined && sequence === ((last.sequence + 1) & 0xff_ff);
      if (last?.clockRate === clockRate && (isNext || !isSample)) {
        if (isSample) pairs += 1;
        const sentMs = (((timestamp - last.timestamp) | 0) / clockRate) * 1000;
        const gain = isSample ? Math.max(1 / 16, 1 / pairs) : 1 / 16;
        const lateMs = Math.abs(atMs - last.atMs - sentMs);
        if (lateMs < longestLateMs) {
          jitterMs += (lateMs - jitterMs) * gain;
          sum += jitterMs;
          count += 1;
        }
      }
      last = { sequence, timestamp, atMs, clockRate };
    },
    forget: () => {
      last = undefined;
    },
    get jitterMs() {
      return jitterMs;
    },
    get meanJitterMs() {
      return count === 0 ? 0 : sum / count;
    },
  };
}
