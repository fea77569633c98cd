/** RTCP packets, RFC 3550 section 6: a compound of reports. SRTCP is readable only up to its first sender. */
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

export type RtcpPacket =
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      readonly sender: SenderInfo;
      readonly blocks: readonly ReportBlock[];
    }
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly type: 'bye'; readonly sources: readonly number[] }
  | { readonly type: 'other'; readonly code: number; readonly body: Uint8Array };

const codes = { senderReport: 200, receiverReport: 201, bye: 203 } as const;

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
    packets.push(decodeBody(code, flags & 31, body));
  } while (reader.remaining > 0);
  return packets;
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
    case codes.bye:
      return { type: 'bye', sources: Array.from({ length: count }, () => reader.uint32()) };
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
