/** A ladder as a pcap file. Wireshark reads SIP in datagrams without being told, so TCP and TLS stand there as UDP, decrypted. */
import { encodePcapFile } from '../protocol/pcap-file.ts';
import { encodeUdpPacket, type UdpEnd } from '../protocol/udp-packet.ts';
import type { Ladder } from './ladders.ts';

export function ladderPcap({ messages }: Pick<Ladder, 'messages'>): Uint8Array {
  return encodePcapFile(
    messages.map(({ at, bytes, isSent, local, remote }) => {
      const [source, destination] = isSent ? [endOf(local), endOf(remote)] : [endOf(remote), endOf(local)];
      return { atMicroseconds: at, bytes: encodeUdpPacket({ source, destination, payload: bytes }) };
    }),
  );
}

/** Of `10.0.0.1:5060`, `[2001:db8::1]:5060`. */
function endOf(text: string): UdpEnd {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}
