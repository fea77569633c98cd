/** SRTP and SRTCP of one direction and one master key, RFC 3711. No socket, no clock; nothing that comes in makes it throw. */
import { uint16At, uint32At } from '../protocol/bytes.ts';
import {
  isFresh,
  markSeen,
  mostRtcpIndex,
  mostRtpIndex,
  packetIndex,
  rtcpEncryptedFlag,
  rtcpHeaderBytes,
  rtcpIndexBytes,
  rtpHeaderBytes,
  senderOf,
  srtpSuites,
  type SrtpSuite,
} from '../protocol/srtp.ts';
import { deriveKeys, newPacketCipher, type PacketCipher } from './srtp-cipher.ts';
import { newSenders, nextIndex, type SrtpSender } from './srtp-senders.ts';

/** Makes SRTP of RTP, or RTP of SRTP. Undefined: not to be sent on. */
export type Conversion = (packet: Uint8Array) => Uint8Array | undefined;

export interface Srtp {
  readonly rtp: Conversion;
  readonly rtcp: Conversion;
}

export interface SrtpReceiver extends Srtp {
  /** Index of the newest RTP packet of each sender. */
  highest(): ReadonlyMap<number, number>;
}

export interface SrtpKey {
  readonly suite: SrtpSuite;
  /** Key and salt, 30 bytes. */
  readonly master: Uint8Array;
}

/**
 * In memory of its own, since it grows by the tag. Undefined also when its index was used: a keystream is good once. Who begins anew
 * with lower numbers is numbered on, since the other end could not follow.
 */
export function newSrtpSender({ suite, master }: SrtpKey): Srtp {
  const { tagBytes, rtcpTagBytes } = srtpSuites[suite];
  const rtp = newPacketCipher(deriveKeys(master, 'rtp'));
  const rtcp = newPacketCipher(deriveKeys(master, 'rtcp'));
  const sent = { rtp: newSenders(), rtcp: newSenders() };
  return {
    rtp: (packet) => {
      const start = rtpHeaderBytes(packet);
      const sender = start === undefined ? undefined : sent.rtp(senderOf(packet, 'rtp'));
      if (start === undefined || sender === undefined) return undefined;
      const index = nextIndex(sender, uint16At(packet, 2));
      if (index === undefined) return undefined;
      const out = grown(packet, tagBytes);
      const body = out.subarray(0, packet.length);
      new DataView(body.buffer, body.byteOffset).setUint16(2, index % 65_536);
      rtp.apply(body, start, { ssrc: senderOf(packet, 'rtp'), index });
      out.set(rtp.tag(body, rolloverOf(index)).subarray(0, tagBytes), packet.length);
      return out;
    },
    rtcp: (packet) => {
      if (packet.length < rtcpHeaderBytes) return undefined;
      const sender = sent.rtcp(senderOf(packet, 'rtcp'));
      if (sender === undefined || sender.window.highest >= mostRtcpIndex) return undefined;
      const index = (sender.window.highest += 1);
      const out = grown(packet, rtcpIndexBytes + rtcpTagBytes);
      const body = out.subarray(0, packet.length + rtcpIndexBytes);
      rtcp.apply(out.subarray(0, packet.length), rtcpHeaderBytes, { ssrc: senderOf(packet, 'rtcp'), index });
      new DataView(body.buffer, body.byteOffset).setUint32(packet.length, (rtcpEncryptedFlag | index) >>> 0);
      out.set(rtcp.tag(body, undefined).subarray(0, rtcpTagBytes), body.length);
      return out;
    },
  };
}

/** So many counts are tried where nobody knows how often a sender's numbers began anew: more than three days of sound. */
const mostRollovers = 256;
/** Packets that may fit none of them: whoever sends others costs the time of a search with each. */
const mostSearches = 500;

/**
 * In place: the packet is a view on the input, which is changed. Undefined: not genuine, too old, or seen before. `before`: how
 * far each sender was with the key that this one follows: its roll-over counter may go on (RFC 3711 section 3.3.1); `lost`: a
 * process before us received with this key, and what it knew is gone. Then a packet from before may be taken once, until a newer one
 * is there.
 */
export function newSrtpReceiver(
  { suite, master }: SrtpKey,
  before: ReadonlyMap<number, number> | 'lost' = new Map(),
): SrtpReceiver {
  const { tagBytes, rtcpTagBytes } = srtpSuites[suite];
  const rtp = newPacketCipher(deriveKeys(master, 'rtp'));
  const rtcp = newPacketCipher(deriveKeys(master, 'rtcp'));
  const heard = { rtp: newSenders(), rtcp: newSenders() };
  const former: ReadonlyMap<number, number> = before === 'lost' ? new Map() : before;
  const search = { left: before === 'lost' ? mostSearches : 0 };
  return {
    rtp: (packet) => {
      const body = packet.subarray(0, Math.max(0, packet.length - tagBytes));
      const start = rtpHeaderBytes(body);
      if (start === undefined) return undefined;
      const ssrc = senderOf(body, 'rtp');
      const known = heard.rtp.known(ssrc);
      const signed = { body, tag: packet.subarray(body.length) };
      const index = genuineIndex(rtp, signed, { known, highest: former.get(ssrc), search });
      const sender = index === undefined ? undefined : heard.rtp(ssrc);
      if (index === undefined || sender === undefined) return undefined;
      markSeen(sender.window, index);
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
      const known = heard.rtcp.known(ssrc);
      if (known !== undefined && !isFresh(known.window, index)) return undefined;
      if (!rtcp.isGenuine(packet.subarray(0, end), undefined, packet.subarray(end))) return undefined;
      const sender = heard.rtcp(ssrc);
      if (sender === undefined) return undefined;
      markSeen(sender.window, index);
      const body = packet.subarray(0, length);
      if (word >= rtcpEncryptedFlag) rtcp.apply(body, rtcpHeaderBytes, { ssrc, index });
      return body;
    },
    highest: () => new Map([...former, ...heard.rtp.highest()]),
  };
}

interface Signed {
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

interface Heard {
  readonly known: SrtpSender | undefined;
  /** Of one that is not known: how far it was with the key before. */
  readonly highest: number | undefined;
  /** How often its counter may still be searched for. */
  readonly search: { left: number };
}

/** Of a sender that was never heard the sequence number may have wrapped before its first packet arrived. */
function genuineIndex(
  cipher: PacketCipher,
  { body, tag }: Signed,
  { known, highest, search }: Heard,
): number | undefined {
  const sequence = uint16At(body, 2);
  const guesses = [packetIndex(sequence, known?.window.highest ?? -1)];
  if (known === undefined) {
    if (sequence < 32_768) guesses.push(sequence + 65_536);
    if (highest !== undefined) guesses.push(packetIndex(sequence, highest));
  }
  const isGenuine = (index: number) =>
    index >= 0 &&
    index <= mostRtpIndex &&
    (known === undefined || isFresh(known.window, index)) &&
    cipher.isGenuine(body, rolloverOf(index), tag);
  const found = guesses.find(isGenuine);
  if (found !== undefined || search.left === 0) return found;
  const later = laterIndexes(sequence, known?.window.highest ?? -1).find(isGenuine);
  if (later === undefined) search.left -= 1;
  return later;
}

function laterIndexes(sequence: number, highest: number): number[] {
  const all = Array.from({ length: mostRollovers }, (_, rollover) => rollover * 65_536 + sequence);
  return all.filter((index) => index > highest);
}

function rolloverOf(index: number): number {
  return Math.floor(index / 65_536);
}

function grown(packet: Uint8Array, more: number): Uint8Array {
  const out = Buffer.allocUnsafe(packet.length + more);
  out.set(packet);
  return out;
}
