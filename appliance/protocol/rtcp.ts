/** RTCP packets, RFC 3550 section 6: a compound of reports; voice metrics of RFC 3611. SRTCP is readable only up to its first sender. */
import { ByteReader, DecodeError } from './bytes.ts';

/** What a receiver says about one stream. */
export interface ReportBlock {
  readonly ssrc: number;
  /** 0–255: of 256 expected packets since the last report. */
  readonly fractionLost: number;
  /** 24 bits, signed: duplicates make it negative. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In units of the stream's clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report. */
  readonly lastSenderReport: number;
  /** 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

export interface SenderInfo {
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** Of RFC 3611 section 4.7, what the far end measured itself and nobody else can. */
export interface VoiceMetrics {
  readonly ssrc: number;
  /** 0–255: of 256 packets that came too late to be played. */
  readonly discardRate: number;
  /** ms; from its microphone to the network and from the network to its ear. */
  readonly endSystemDelay: number;
}

export type RtcpPacket =
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      readonly sender: SenderInfo;
      readonly blocks: readonly ReportBlock[];
    }
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly type: 'source-description'; readonly sources: readonly SourceDescription[] }
  | { readonly type: 'bye'; readonly sources: readonly number[] }
  | { readonly type: 'extended-report'; readonly ssrc: number; readonly voice: readonly VoiceMetrics[] }
  | { readonly type: 'other'; readonly code: number; readonly body: Uint8Array };

export interface SourceDescription {
  readonly ssrc: number;
  /** The name that stays when the SSRC changes; it may name a person. */
  readonly cname?: string;
}

const codes = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  extendedReport: 207,
} as const;

/** All packets of a compound. Throws {@link DecodeError}. */
export function decodeRtcp(bytes: Uint8Array): RtcpPacket[] {
  const reader = new ByteReader(bytes);
  const packets: RtcpPacket[] = [];
  do {
    // 2 bits version, 1 padding, 5 count; 8 bits type; 16 bits length in words, less one
    const flags = reader.uint8();
    if (flags >> 6 !== 2) throw new DecodeError(`RTCP version ${flags >> 6}`, reader.offset - 1);
    const code = reader.uint8();
    const body = reader.take(reader.uint16() * 4);
    const isPadded = (flags & 32) !== 0;
    if (isPadded && reader.remaining > 0) throw new DecodeError('padding inside a compound', reader.offset);
    packets.push(decodeBody(code, flags & 31, isPadded ? withoutPadding(body) : body));
  } while (reader.remaining > 0);
  return packets;
}

/** Whether it begins as a compound must, with a report (appendix A.2); reduced ones (RFC 5506) don't. */
export function isCompound([first]: readonly RtcpPacket[]): boolean {
  return first?.type === 'sender-report' || first?.type === 'receiver-report';
}

/** As a receiver gives it back in its reports. */
export function middleOfNtp({ ntpSeconds, ntpFraction }: SenderInfo): number {
  return (((ntpSeconds & 0xff_ff) << 16) | (ntpFraction >>> 16)) >>> 0;
}

function withoutPadding(body: Uint8Array): Uint8Array {
  const count = body.at(-1) ?? 0;
  if (count === 0 || count % 4 !== 0 || count > body.length)
    throw new DecodeError(`padding of ${count} bytes`);
  return body.subarray(0, body.length - count);
}

function decodeBody(code: number, count: number, body: Uint8Array): RtcpPacket {
  const reader = new ByteReader(body);
  switch (code) {
    case codes.senderReport: {
      const ssrc = reader.uint32();
      const sender = {
        ntpSeconds: reader.uint32(),
        ntpFraction: reader.uint32(),
        rtpTimestamp: reader.uint32(),
        packets: reader.uint32(),
        octets: reader.uint32(),
      };
      return { type: 'sender-report', ssrc, sender, blocks: readBlocks(reader, count) };
    }
    case codes.receiverReport:
      return { type: 'receiver-report', ssrc: reader.uint32(), blocks: readBlocks(reader, count) };
    case codes.sourceDescription:
      return { type: 'source-description', sources: Array.from({ length: count }, () => readSource(reader)) };
    case codes.bye:
      return { type: 'bye', sources: Array.from({ length: count }, () => reader.uint32()) };
    case codes.extendedReport:
      return { type: 'extended-report', ssrc: reader.uint32(), voice: readVoiceMetrics(reader) };
    default:
      return { type: 'other', code, body };
  }
}

function readBlocks(reader: ByteReader, count: number): ReportBlock[] {
  return Array.from({ length: count }, () => {
    const ssrc = reader.uint32();
    const loss = reader.uint32();
    return {
      ssrc,
      fractionLost: loss >>> 24,
      cumulativeLost: (loss << 8) >> 8,
      highestSequence: reader.uint32(),
      jitter: reader.uint32(),
      lastSenderReport: reader.uint32(),
      delaySinceLastSenderReport: reader.uint32(),
    };
  });
}

const cnameItem = 1;

/** Items until a zero byte, then zeros up to the next word (section 6.5). */
function readSource(reader: ByteReader): SourceDescription {
  const start = reader.offset;
  const ssrc = reader.uint32();
  let cname: string | undefined;
  for (let item = reader.uint8(); item !== 0; item = reader.uint8()) {
    const text = reader.take(reader.uint8());
    if (item === cnameItem) cname = new TextDecoder().decode(text);
  }
  reader.skip((4 - ((reader.offset - start) % 4)) % 4);
  return cname === undefined ? { ssrc } : { ssrc, cname };
}

const voiceMetrics = { type: 7, words: 8 } as const;

/** Blocks of other types are passed over. */
function readVoiceMetrics(reader: ByteReader): VoiceMetrics[] {
  const found: VoiceMetrics[] = [];
  while (reader.remaining > 0) {
    const type = reader.uint8();
    reader.skip(1);
    const words = reader.uint16();
    const block = new ByteReader(reader.take(words * 4));
    if (type !== voiceMetrics.type || words !== voiceMetrics.words) continue;
    const ssrc = block.uint32();
    // loss, discard, burst and gap densities (8 bits each), burst and gap durations, round trip (16 bits each)
    block.skip(1);
    const discardRate = block.uint8();
    block.skip(8);
    found.push({ ssrc, discardRate, endSystemDelay: block.uint16() });
  }
  return found;
}
