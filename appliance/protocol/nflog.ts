/** Packets that nftables logged (`log group`), as tcpdump hands them on: a header and attributes, LINKTYPE_NFLOG of tcpdump.org. */
import { ByteReader, DecodeError, uint16At } from './bytes.ts';

export const nflogLinkType = 239;

/** The beginning of a datagram over IPv4, as much of it as was logged. */
export interface LoggedDatagram {
  /** When it came, ms since 1970 with a fraction; undefined where the kernel didn't say. */
  readonly at: number | undefined;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

const attributes = { timestamp: 3, payload: 9 } as const;
const typeMask = 0x7f_ff;
const udp = 17;

/** Lengths and types are in the byte order of the machine: all that the box runs on have the little end first. Throws {@link DecodeError}. */
export function decodeNflog(bytes: Uint8Array): LoggedDatagram {
  const reader = new ByteReader(bytes);
  // 8 bits address family, 8 bits version, 16 bits group
  reader.skip(1);
  if (reader.uint8() !== 0) throw new DecodeError('another version of NFLOG', 1);
  reader.skip(2);
  let at: number | undefined;
  let packet: Uint8Array | undefined;
  while (reader.remaining >= 4) {
    const length = littleEndian(reader.take(2));
    const type = littleEndian(reader.take(2)) & typeMask;
    if (length < 4) throw new DecodeError('an attribute without length', reader.offset);
    const value = reader.take(length - 4);
    reader.skip(Math.min(reader.remaining, (4 - (length % 4)) % 4));
    if (type === attributes.timestamp) at = milliseconds(value);
    else if (type === attributes.payload) packet = value;
  }
  if (packet === undefined) throw new DecodeError('no packet in it', reader.offset);
  return { at, ...datagram(packet) };
}

function littleEndian(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}

/** 64 bits of seconds and 64 of microseconds, big-endian. */
function milliseconds(value: Uint8Array): number {
  const reader = new ByteReader(value);
  reader.skip(4);
  const seconds = reader.uint32();
  reader.skip(4);
  return seconds * 1000 + reader.uint32() / 1000;
}

function datagram(packet: Uint8Array): Pick<LoggedDatagram, 'destinationPort' | 'payload'> {
  const reader = new ByteReader(packet);
  const first = reader.uint8();
  const headerBytes = (first & 15) * 4;
  if (first >> 4 !== 4 || headerBytes < 20 || packet[9] !== udp) throw new DecodeError('no UDP over IPv4');
  reader.skip(headerBytes - 1);
  const header = reader.take(8);
  return { destinationPort: uint16At(header, 2), payload: reader.take(reader.remaining) };
}
