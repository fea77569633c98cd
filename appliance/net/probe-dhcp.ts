/** Which DHCP servers answer on a card: a DISCOVER, a few seconds of listening, nothing requested. */
import { randomBytes } from 'node:crypto';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeOffer, encodeProbe, type DhcpOffer } from '../protocol/dhcp-probe.ts';
import type { Endpoint, UdpPort } from './udp.ts';

/** Servers of one network are few; more is somebody's joke. */
const mostOffers = 16;

interface Listening {
  /** Of the card that the socket is bound to. */
  readonly mac: string;
  readonly waitMs: number;
  /** Where to ask; the network's broadcast address and port 67 unless a test says otherwise. */
  readonly to?: Endpoint;
}

/** Over a socket on port 68 that is bound to the card. One offer a server. */
export async function probeDhcp(
  socket: UdpPort,
  { mac, waitMs, to = { address: '255.255.255.255', port: 67 } }: Listening,
): Promise<DhcpOffer[]> {
  const probe = { mac, xid: randomBytes(4).readUInt32BE(0) };
  const offers = new Map<string, DhcpOffer>();
  socket.onDatagram((bytes) => {
    try {
      const offer = decodeOffer(bytes, probe);
      if (offer !== undefined && offers.size < mostOffers) offers.set(offer.serverIdentifier, offer);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  });
  // Twice, as a client would: the first may be lost.
  for (let sent = 0; sent < 2; sent += 1) {
    await socket.send(encodeProbe(probe), to);
    await new Promise((resolve) => setTimeout(resolve, waitMs / 2));
  }
  return Array.from(offers.values());
}
