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

/** A larger jump is a sender that began anew, if it goes on from there (appendix A.1). */
const mostDropout = 3000;
const mostMisorder = 100;
/** More is a clock that was set. */
const longestLateMs = 10_000;
/** Their time stamps stand still or jump: nothing can be told from them. */
const notSpeech = new Set(['TELEPHONE-EVENT', 'CN', 'RED']);
/** Until something is described. */
const none: ReadonlyMap<number, RtpCodec> = new Map();

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

/** Classes, since there are two a call: an object literal with getters takes V8 much longer to make. */
export class ReceivedStream {
  #codecs: ReadonlyMap<number, RtpCodec> = none;
  #codec: RtpCodec | undefined;
  readonly #senders = new Senders();
  readonly #timing = new Timing();

  /** Each packet that passes this process; `atMs` may have a fraction. */
  note(packet: Uint8Array, atMs: number): void {
    const found = this.#look(packet, atMs, 'onHeader');
    if (found !== undefined) found.received += 1;
  }

  /** One of many that the kernel carries: the beginning of its header, 12 bytes. */
  sample(header: Uint8Array, atMs: number): void {
    this.#look(header, atMs, 'onSample');
  }

  /** So many were carried by the kernel since the last time. What of them was lost only samples tell. */
  count(packets: number, atMs: number): void {
    this.#senders.onCarried(packets, atMs);
  }

  setCodecs(described: readonly RtpCodec[]): void {
    this.#codecs = new Map(described.map((each) => [each.payloadType, each]));
  }

  get counts(): StreamCounts {
    const { jitterMs, meanJitterMs } = this.#timing;
    return { ...this.#senders.counts(), jitterMs, meanJitterMs };
  }

  /** Of the sender that is heard now. */
  get ssrc(): number | undefined {
    return this.#senders.now?.ssrc;
  }

  /** Highest sequence number with its roll-overs, counted from this stream's first packet. */
  get expectedOfSender(): number {
    const { now } = this.#senders;
    return now === undefined ? 0 : expectedOf(now);
  }

  get lostOfSender(): number {
    const { now } = this.#senders;
    return now === undefined ? 0 : lostOf(now);
  }

  get codec(): RtpCodec | undefined {
    return this.#codec;
  }

  #look(header: Uint8Array, atMs: number, find: 'onHeader' | 'onSample'): Sender | undefined {
    if (header.length < 12) return undefined;
    const before = this.#senders.now;
    const found = this.#senders[find](header, atMs);
    if (this.#senders.now !== before) this.#timing.forget();
    const payload = this.#codecs.get((header[1] ?? 0) & 127);
    if (found === undefined || payload === undefined || notSpeech.has(payload.name)) return found;
    this.#codec = payload;
    this.#timing.onPacket(header, atMs, { clockRate: payload.clockRate, isSample: find === 'onSample' });
    return found;
  }
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
class Senders {
  now: Sender | undefined;
  readonly #before = { expected: 0, received: 0 };
  /** Of the kernel's packets the last that was seen, and when their number was known last. */
  #sample: { readonly sequence: number; readonly atMs: number } | undefined;
  #knownAtMs = 0;

  /** Undefined: of a jump that may be an error. */
  onHeader(header: Uint8Array, atMs: number): Sender | undefined {
    this.#knownAtMs = atMs;
    this.#sample = undefined;
    const [sequence, ssrc] = [uint16At(header, 2), uint32At(header, 8)];
    const { now } = this;
    if (now?.ssrc !== ssrc) return this.#begin(ssrc, sequence);
    if (now.carried > 0) return passOver(now, sequence);
    const ahead = (sequence - now.highest) & 0xff_ff;
    if (ahead < mostDropout) now.highest += ahead;
    else if (ahead < 65_536 - mostMisorder) {
      if (sequence === now.restartAt) return this.#begin(ssrc, sequence);
      now.restartAt = (sequence + 1) & 0xff_ff;
      return undefined;
    }
    return now;
  }

  onSample(header: Uint8Array, atMs: number): Sender {
    const [sequence, ssrc] = [uint16At(header, 2), uint32At(header, 8)];
    const { now } = this;
    if (now?.ssrc !== ssrc) return Object.assign(this.#begin(ssrc, sequence), { first: sequence + 1 });
    this.#sample = { sequence, atMs };
    return now;
  }

  /** A sample is older than the count: what came after it is taken off at the pace of the count. */
  onCarried(packets: number, atMs: number): void {
    const pace = packets / Math.max(1, atMs - this.#knownAtMs);
    this.#knownAtMs = atMs;
    const { now } = this;
    if (now === undefined) return;
    now.carried += packets;
    const sample = this.#sample;
    if (sample === undefined) return;
    const after = Math.min(now.carried, Math.max(0, pace * (atMs - sample.atMs)));
    settle(now, { sequence: sample.sequence, carried: now.carried - after });
    this.#sample = undefined;
  }

  counts(): Pick<StreamCounts, 'expected' | 'received'> {
    const { now } = this;
    const { expected, received } = this.#before;
    if (now === undefined) return { expected, received };
    return { expected: expected + expectedOf(now), received: received + receivedOf(now) };
  }

  #begin(ssrc: number, sequence: number): Sender {
    if (this.now !== undefined) {
      this.#before.expected += expectedOf(this.now);
      this.#before.received += receivedOf(this.now);
    }
    this.#sample = undefined;
    this.now = { ssrc, first: sequence, highest: sequence, received: 0, carried: 0, restartAt: -1 };
    return this.now;
  }
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
class Timing {
  jitterMs = 0;
  #last:
    | {
        readonly sequence: number;
        readonly timestamp: number;
        readonly atMs: number;
        readonly clockRate: number;
      }
    | undefined;
  #sum = 0;
  #count = 0;
  #pairs = 0;

  onPacket(
    header: Uint8Array,
    atMs: number,
    { clockRate, isSample }: { clockRate: number; isSample: boolean },
  ): void {
    const [sequence, timestamp] = [uint16At(header, 2), uint32At(header, 4)];
    const last = this.#last;
    const isNext = last !== undefined && sequence === ((last.sequence + 1) & 0xff_ff);
    if (last?.clockRate === clockRate && (isNext || !isSample)) {
      if (isSample) this.#pairs += 1;
      const sentMs = (((timestamp - last.timestamp) | 0) / clockRate) * 1000;
      const gain = isSample ? Math.max(1 / 16, 1 / this.#pairs) : 1 / 16;
      const lateMs = Math.abs(atMs - last.atMs - sentMs);
      if (lateMs < longestLateMs) {
        this.jitterMs += (lateMs - this.jitterMs) * gain;
        this.#sum += this.jitterMs;
        this.#count += 1;
      }
    }
    this.#last = { sequence, timestamp, atMs, clockRate };
  }

  forget(): void {
    this.#last = undefined;
  }

  get meanJitterMs(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }
}
