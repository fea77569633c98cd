/** RTP in a capture that tcpdump wrote: who sent which packets, in the order in which they passed. */
import type { Capture } from './capture.ts';

export interface RtpSeen {
  /** Seconds since 1970. */
  readonly at: number;
  /** `address:port` */
  readonly from: string;
  readonly to: string;
  readonly ssrc: number;
  readonly sequence: number;
  /** Differentiated services code point. */
  readonly dscp: number;
}

const fileHeader = 24;
const recordHeader = 16;
const ethernetHeader = 14;
const udpHeader = 8;
const rtpHeader = 12;

/** RTP and SRTP: version 2, and no payload type of RTCP (RFC 5761). Of an Ethernet card, IPv4, in this machine's byte order. */
export function readRtp(capture: Capture): RtpSeen[] {
  const bytes = capture.bytes();
  const seen: RtpSeen[] = [];
  for (let at = fileHeader; at + recordHeader <= bytes.length;) {
    const end = at + recordHeader + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) break;
    const time = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6;
    const packet = rtpOf(bytes.subarray(at + recordHeader + ethernetHeader, end), time);
    if (packet !== undefined) seen.push(packet);
    at = end;
  }
  return seen;
}

function rtpOf(ip: Buffer, at: number): RtpSeen | undefined {
  const udp = ip.subarray(((ip[0] ?? 0) & 15) * 4);
  const rtp = udp.subarray(udpHeader);
  const [flags = 0, type = 0] = rtp;
  const isRtcp = type >= 192 && type <= 223;
  if (ip[9] !== 17 || rtp.length < rtpHeader || flags >> 6 !== 2 || isRtcp) return undefined;
  const address = (offset: number) => ip.subarray(offset, offset + 4).join('.');
  return {
    at,
    from: `${address(12)}:${udp.readUInt16BE(0)}`,
    to: `${address(16)}:${udp.readUInt16BE(2)}`,
    ssrc: rtp.readUInt32BE(8),
    sequence: rtp.readUInt16BE(2),
    dscp: (ip[1] ?? 0) >> 2,
  };
}

/** Of what `sent` shows of a stream, between these seconds, what `heard` lacks: packets and share. */
export function lossOf(
  sent: readonly RtpSeen[],
  heard: readonly RtpSeen[],
  between: { readonly from: number; readonly until: number },
): { readonly sent: number; readonly lost: number; readonly share: number } {
  const name = ({ ssrc, sequence }: RtpSeen) => `${ssrc} ${sequence}`;
  const arrived = new Set(heard.map(name));
  const inTime = sent.filter(({ at }) => at >= between.from && at < between.until);
  const lost = inTime.filter((packet) => !arrived.has(name(packet))).length;
  return { sent: inTime.length, lost, share: inTime.length === 0 ? 1 : lost / inTime.length };
}
