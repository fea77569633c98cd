/** RTP headers, RFC 3550 section 5.1, and what else may arrive on the same port, RFC 7983 and RFC 5761. */
import { ByteReader, DecodeError } from './bytes.ts';

export interface RtpHeader {
  readonly padding: boolean;
  readonly marker: boolean;
  /** 7 bits. */
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly contributors: readonly number[];
  /** Profile and words of the header extension. */
  readonly extension?: { readonly profile: number; readonly data: Uint8Array };
}

export interface RtpPacket extends RtpHeader {
  /** Padding included. A view on the input. */
  readonly payload: Uint8Array;
}

const version = 2;

/** Throws {@link DecodeError} for anything that is not RTP version 2, complete up to its payload. */
export function decodeRtp(bytes: Uint8Array): RtpPacket {
  const reader = new ByteReader(bytes);
  // 2 bits version, 1 padding, 1 extension, 4 contributor count; 1 bit marker, 7 payload type
  const flags = reader.uint8();
  if (flags >> 6 !== version) throw new DecodeError(`RTP version ${flags >> 6}`);
  const kind = reader.uint8();
  const sequence = reader.uint16();
  const timestamp = reader.uint32();
  const ssrc = reader.uint32();
  const contributors = Array.from({ length: flags & 15 }, () => reader.uint32());
  const extension = (flags & 16) === 0 ? undefined : readExtension(reader);
  return {
    padding: (flags & 32) !== 0,
    marker: (kind & 128) !== 0,
    payloadType: kind & 127,
    sequence,
    timestamp,
    ssrc,
    contributors,
    ...(extension === undefined ? {} : { extension }),
    payload: reader.take(reader.remaining),
  };
}

export function encodeRtp(packet: RtpPacket): Uint8Array {
  const { contributors, extension, payload } = packet;
  const header = new DataView(
    new ArrayBuffer(12 + contributors.length * 4 + (extension === undefined ? 0 : 4)),
  );
  const flags = (packet.padding ? 32 : 0) | (extension === undefined ? 0 : 16) | contributors.length;
  header.setUint8(0, (version << 6) | flags);
  header.setUint8(1, (packet.marker ? 128 : 0) | packet.payloadType);
  header.setUint16(2, packet.sequence);
  header.setUint32(4, packet.timestamp);
  header.setUint32(8, packet.ssrc);
  contributors.forEach((contributor, at) => header.setUint32(12 + at * 4, contributor));
  if (extension !== undefined) {
    header.setUint16(12 + contributors.length * 4, extension.profile);
    header.setUint16(14 + contributors.length * 4, extension.data.length / 4);
  }
  return new Uint8Array(
    Buffer.concat([new Uint8Array(header.buffer), extension?.data ?? new Uint8Array(), payload]),
  );
}

export type PacketKind = 'rtp' | 'rtcp' | 'stun' | 'dtls' | 'other';

/** By the first two bytes; RTP and RTCP only when their fixed header is there. Never throws. */
export function packetKind(bytes: Uint8Array): PacketKind {
  const [first = 255, second = 0] = bytes;
  if (first >= 128 && first <= 191) {
    if (second >= 192 && second <= 223) return bytes.length >= 8 ? 'rtcp' : 'other';
    return bytes.length >= 12 + (first & 15) * 4 ? 'rtp' : 'other';
  }
  if (first >= 20 && first <= 63) return 'dtls';
  return first <= 3 && bytes.length >= 20 ? 'stun' : 'other';
}

function readExtension(reader: ByteReader): { profile: number; data: Uint8Array } {
  const profile = reader.uint16();
  return { profile, data: reader.take(reader.uint16() * 4) };
}
