/** A datagram as an IP packet without a link layer: RFC 768 over RFC 791 or RFC 8200. */
import { isIpv4 } from './ipv4.ts';
import { parseIpv6 } from './ipv6.ts';

export interface UdpEnd {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly port: number;
}

export interface UdpPacket {
  readonly source: UdpEnd;
  readonly destination: UdpEnd;
  readonly payload: Uint8Array;
}

/** Bytes: what fits behind both headers in the length field of either version. */
export const mostUdpPayload = 65_507;

const udpProtocol = 17;
const hops = 64;

/** Throws TypeError for text that is no address, ends of two versions, and more than {@link mostUdpPayload}. */
export function encodeUdpPacket({ source, destination, payload }: UdpPacket): Uint8Array {
  if (payload.length > mostUdpPayload) throw new TypeError('more than a datagram holds');
  const [from, to] = [addressBytes(source.address), addressBytes(destination.address)];
  if (from.length !== to.length) throw new TypeError('an IPv4 and an IPv6 address in one packet');
  const udp = udpBytes(source.port, destination.port, payload);
  // The pseudo header that both versions put before it; sums don't mind its order.
  const pseudo = Uint8Array.of(...from, ...to, 0, udpProtocol, udp.length >> 8, udp.length & 255);
  // 0 would say that there is no checksum.
  new DataView(udp.buffer).setUint16(6, checksum([pseudo, udp]) || 0xff_ff);
  const header = from.length === 4 ? ipv4Header(from, to, udp.length) : ipv6Header(from, to, udp.length);
  return Uint8Array.from([...header, ...udp]);
}

function addressBytes(text: string): Uint8Array {
  if (isIpv4(text)) return Uint8Array.from(text.split('.').map(Number));
  const bytes = parseIpv6(text);
  if (bytes === undefined) throw new TypeError(`"${text}" is no address`);
  // What the system gives for IPv4 on a socket of both versions.
  const isMapped = bytes.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 255));
  return isMapped ? bytes.slice(12) : bytes;
}

function udpBytes(source: number, destination: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, source);
  view.setUint16(2, destination);
  view.setUint16(4, bytes.length);
  bytes.set(payload, 8);
  return bytes;
}

function ipv4Header(source: Uint8Array, destination: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length + length);
  view.setUint8(8, hops);
  view.setUint8(9, udpProtocol);
  bytes.set(source, 12);
  bytes.set(destination, 16);
  view.setUint16(10, checksum([bytes]));
  return bytes;
}

function ipv6Header(source: Uint8Array, destination: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, length);
  view.setUint8(6, udpProtocol);
  view.setUint8(7, hops);
  bytes.set(source, 8);
  bytes.set(destination, 24);
  return bytes;
}

/** RFC 1071, over pieces of which all but the last have an even length. */
function checksum(pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += 2) sum += ((piece[at] ?? 0) << 8) | (piece[at + 1] ?? 0);
  }
  while (sum > 0xff_ff) sum = (sum & 0xff_ff) + Math.floor(sum / 0x1_00_00);
  return ~sum & 0xff_ff;
}
