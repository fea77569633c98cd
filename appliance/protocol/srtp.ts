/** SRTP and SRTCP, RFC 3711: where a packet's parts are and which index it has. Keys and ciphers are in `rtp/srtp-cipher.ts`. */
import { uint16At, uint32At } from './bytes.ts';

/** Crypto-suites of RFC 4568 section 6.2. AES in counter mode, HMAC-SHA1; tags in bytes. SRTCP's tag is long in both. */
export const srtpSuites = {
  AES_CM_128_HMAC_SHA1_80: { tagBytes: 10, rtcpTagBytes: 10 },
  AES_CM_128_HMAC_SHA1_32: { tagBytes: 4, rtcpTagBytes: 10 },
} as const;

export type SrtpSuite = keyof typeof srtpSuites;

/** Master key (16 bytes) and master salt (14 bytes), one after the other. */
export const masterBytes = 30;

export function isSrtpSuite(name: string): name is SrtpSuite {
  return Object.hasOwn(srtpSuites, name);
}

/** Bytes before the payload: fixed header, contributors, extension. Undefined for what is no whole RTP header. */
export function rtpHeaderBytes(packet: Uint8Array): number | undefined {
  const [flags = 0] = packet;
  const fixed = rtpFixedBytes + (flags & 15) * 4;
  if (flags >> 6 !== 2 || packet.length < fixed) return undefined;
  if ((flags & 16) === 0) return fixed;
  const whole = fixed + 4 + uint16At(packet, fixed + 2) * 4;
  return packet.length < whole ? undefined : whole;
}

/** Up to its contributors. */
export const rtpFixedBytes = 12;
/** SRTCP encrypts all behind the first sender (section 3.4). */
export const rtcpHeaderBytes = 8;
/** 1 bit E (is encrypted), 31 bits index. */
export const rtcpIndexBytes = 4;
export const rtcpEncryptedFlag = 0x80_00_00_00;
export const mostRtcpIndex = 0x7f_ff_ff_ff;
export const mostRtpIndex = 2 ** 48 - 1;

export function senderOf(packet: Uint8Array, kind: 'rtp' | 'rtcp'): number {
  return uint32At(packet, kind === 'rtp' ? 8 : 4);
}

/** Indexes of one sender that were there: none is good twice (section 3.3.2). */
export interface ReplayWindow {
  /** -1: nothing yet. */
  highest: number;
  /** The index that was last seen at each place. */
  readonly seen: Float64Array;
}

/** Packets that come later than this many others are not taken; the RFC asks for 64 at least. */
const windowPackets = 128;

/** `highest`: it and all before it were there. */
export function newReplayWindow(highest = -1): ReplayWindow {
  const seen = new Float64Array(windowPackets).fill(-1);
  for (let index = Math.max(0, highest - windowPackets + 1); index <= highest; index += 1)
    seen[index % windowPackets] = index;
  return { highest, seen };
}

export function isFresh(window: ReplayWindow, index: number): boolean {
  return index >= 0 && !isTooOld(window, index) && window.seen[index % windowPackets] !== index;
}

/** Nobody remembers whether it was there. */
export function isTooOld({ highest }: ReplayWindow, index: number): boolean {
  return index <= highest - windowPackets;
}

/** Only after the packet proved to be genuine. */
export function markSeen(window: ReplayWindow, index: number): void {
  window.seen[index % windowPackets] = index;
  window.highest = Math.max(window.highest, index);
}

/**
 * The 48 bits of which a packet carries the last 16: the nearest to the highest so far (section 3.3.1, appendix A).
 * Negative: from before the first packet.
 */
export function packetIndex(sequence: number, highest: number): number {
  if (highest < 0) return sequence;
  const index = highest - (highest % 65_536) + sequence;
  if (index - highest > 32_768) return index - 65_536;
  return highest - index > 32_768 ? index + 65_536 : index;
}
