/** SRTP and SRTCP of one direction and one master key, RFC 3711. No socket, no clock; nothing that comes in makes it throw. */
import { uint16At, uint32At } from '../protocol/bytes.ts';
import {
  isFresh,
  markSeen,
  mostRtcpIndex,
  mostRtpIndex,
  newReplayWindow,
  packetIndex,
  rtcpEncryptedFlag,
  rtcpHeaderBytes,
  rtcpIndexBytes,
  rtpHeaderBytes,
  senderOf,
  srtpSuites,
  type ReplayWindow,
  type SrtpSuite,
} from '../protocol/srtp.ts';
import { deriveKeys, newPacketCipher, type PacketCipher } from './srtp-cipher.ts';

/** Makes SRTP of RTP, or RTP of SRTP. Undefined: not to be sent on. */
export type Conversion = (packet: Uint8Array) => Uint8Array | undefined;

export interface Srtp {
  readonly rtp: Conversion;
  readonly rtcp: Conversion;
}

export interface SrtpKey {
  readonly suite: SrtpSuite;
  /** Key and salt, 30 bytes. */
  readonly master: Uint8Array;
}

/** A call has two or three; each takes memory, and one that is forgotten would have its keystream used twice. */
const mostSenders = 64;

/** In memory of its own, since it grows by the tag. Undefined also when its index was used: a keystream is good once. */
export function newSrtpSender({ suite, master }: SrtpKey): Srtp {
  const { tagBytes, rtcpTagBytes } = srtpSuites[suite];
  const rtp = newPacketCipher(deriveKeys(master, 'rtp'));
  const rtcp = newPacketCipher(deriveKeys(master, 'rtcp'));
  const sent = { rtp: newSenders(), rtcp: newSenders() };
  return {
    rtp: (packet) => {
      const start = rtpHeaderBytes(packet);
      const window = start === undefined ? undefined : sent.rtp(senderOf(packet, 'rtp'));
      if (start === undefined || window === undefined) return undefined;
      const index = packetIndex(uint16At(packet, 2), window.highest);
      if (!isFresh(window, index) || index > mostRtpIndex) return undefined;
      markSeen(window, index);
      const out = grown(packet, tagBytes);
      const body = out.subarray(0, packet.length);
      rtp.apply(body, start, { ssrc: senderOf(packet, 'rtp'), index });
      out.set(rtp.tag(body, rolloverOf(index)).subarray(0, tagBytes), packet.length);
      return out;
    },
    rtcp: (packet) => {
      if (packet.length < rtcpHeaderBytes) return undefined;
      const window = sent.rtcp(senderOf(packet, 'rtcp'));
      if (window === undefined || window.highest >= mostRtcpIndex) return undefined;
      const index = (window.highest += 1);
      const out = grown(packet, rtcpIndexBytes + rtcpTagBytes);
      const body = out.subarray(0, packet.length + rtcpIndexBytes);
      rtcp.apply(out.subarray(0, packet.length), rtcpHeaderBytes, { ssrc: senderOf(packet, 'rtcp'), index });
      new DataView(body.buffer, body.byteOffset).setUint32(packet.length, (rtcpEncryptedFlag | index) >>> 0);
      out.set(rtcp.tag(body, undefined).subarray(0, rtcpTagBytes), body.length);
      return out;
    },
  };
}

/** In place: the packet is a view on the input, which is changed. Undefined: not genuine, too old, or seen before. */
export function newSrtpReceiver({ suite, master }: SrtpKey): Srtp {
  const { tagBytes, rtcpTagBytes } = srtpSuites[suite];
  const rtp = newPacketCipher(deriveKeys(master, 'rtp'));
  const rtcp = newPacketCipher(deriveKeys(master, 'rtcp'));
  const heard = { rtp: newSenders(), rtcp: newSenders() };
  return {
    rtp: (packet) => {
      const body = packet.subarray(0, Math.max(0, packet.length - tagBytes));
      const start = rtpHeaderBytes(body);
      if (start === undefined) return undefined;
      const ssrc = senderOf(body, 'rtp');
      const index = genuineIndex(rtp, { body, tag: packet.subarray(body.length) }, heard.rtp.known(ssrc));
      const window = index === undefined ? undefined : heard.rtp(ssrc);
      if (index === undefined || window === undefined) return undefined;
      markSeen(window, index);
      rtp.apply(body, start, { ssrc, index });
      return body;
    },
    rtcp: (packet) => {
      const end = packet.length - rtcpTagBytes;
      const length = end - rtcpIndexBytes;
      if (length < rtcpHeaderBytes) return undefined;
      const word = uint32At(packet, length);
      const index = word & mostRtcpIndex;
      const ssrc = senderOf(packet, 'rtcp');
      const before = heard.rtcp.known(ssrc);
      if (before !== undefined && !isFresh(before, index)) return undefined;
      if (!rtcp.isGenuine(packet.subarray(0, end), undefined, packet.subarray(end))) return undefined;
      const window = heard.rtcp(ssrc);
      if (window === undefined) return undefined;
      markSeen(window, index);
      const body = packet.subarray(0, length);
      if (word >= rtcpEncryptedFlag) rtcp.apply(body, rtcpHeaderBytes, { ssrc, index });
      return body;
    },
  };
}

interface Signed {
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

/** Of a sender that was never heard the sequence number may have wrapped before its first packet arrived. */
function genuineIndex(
  cipher: PacketCipher,
  { body, tag }: Signed,
  window: ReplayWindow | undefined,
): number | undefined {
  const sequence = uint16At(body, 2);
  const guess = packetIndex(sequence, window?.highest ?? -1);
  if (window !== undefined && !isFresh(window, guess)) return undefined;
  if (guess > mostRtpIndex) return undefined;
  if (cipher.isGenuine(body, rolloverOf(guess), tag)) return guess;
  const wrapped = sequence + 65_536;
  const mayHaveWrapped = window === undefined && sequence < 32_768;
  return mayHaveWrapped && cipher.isGenuine(body, rolloverOf(wrapped), tag) ? wrapped : undefined;
}

interface Senders {
  /** Undefined: there are too many. */
  (ssrc: number): ReplayWindow | undefined;
  known(ssrc: number): ReplayWindow | undefined;
}

function newSenders(): Senders {
  const windows = new Map<number, ReplayWindow>();
  const find = (ssrc: number) => {
    const found = windows.get(ssrc);
    if (found !== undefined || windows.size >= mostSenders) return found;
    const made = newReplayWindow();
    windows.set(ssrc, made);
    return made;
  };
  return Object.assign(find, { known: (ssrc: number) => windows.get(ssrc) });
}

function rolloverOf(index: number): number {
  return Math.floor(index / 65_536);
}

function grown(packet: Uint8Array, more: number): Uint8Array {
  const out = Buffer.allocUnsafe(packet.length + more);
  out.set(packet);
  return out;
}
