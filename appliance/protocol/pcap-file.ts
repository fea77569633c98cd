/** A pcap file of IP packets (draft-ietf-opsawg-pcap), as Wireshark and tshark read it. */

export interface RecordedPacket {
  /** Microseconds since 1970. */
  readonly atMicroseconds: number;
  /** From the IP header on. */
  readonly bytes: Uint8Array;
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
/** Microseconds. */
const magic = 0xa1_b2_c3_d4;
/** LINKTYPE_RAW: IPv4 or IPv6, as the first four bits say. */
const rawIpLinkType = 101;
const mostPacketBytes = 65_575;

export function encodePcapFile(packets: readonly RecordedPacket[]): Uint8Array {
  const size = packets.reduce((sum, { bytes }) => sum + recordHeaderBytes + bytes.length, fileHeaderBytes);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, mostPacketBytes);
  view.setUint32(20, rawIpLinkType);
  let at = fileHeaderBytes;
  for (const { atMicroseconds, bytes } of packets) {
    view.setUint32(at, Math.floor(atMicroseconds / 1_000_000));
    view.setUint32(at + 4, atMicroseconds % 1_000_000);
    view.setUint32(at + 8, bytes.length);
    view.setUint32(at + 12, bytes.length);
    file.set(bytes, at + recordHeaderBytes);
    at += recordHeaderBytes + bytes.length;
  }
  return file;
}
