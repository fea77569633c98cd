/** Many DISCOVERs at once, and every server's OFFER to each. Nothing is ever requested. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DecodeError } from '../protocol/bytes.ts';
import type { RawOptions } from '../protocol/dhcp.ts';
import { decodeOfferTo, encodeDiscover, type Discover } from '../protocol/dhcp-discover.ts';
import { formatIpv4 } from '../protocol/ipv4.ts';
import type { Endpoint, UdpPort } from './udp.ts';

/** Servers of one network are few; more is somebody's joke. */
const mostServers = 16;

interface Asking {
  readonly to: Endpoint;
  /** How long a server may be silent before it is asked once more, and then given up; dnsmasq tries an address for 3 s. */
  readonly quietMs: number;
  /** Not longer than this in all. */
  readonly limitMs: number;
}

/** For each DISCOVER, in their order: options by server. Their transaction numbers must differ. */
export async function askDhcp(
  socket: UdpPort,
  discovers: readonly Discover[],
  { to, quietMs, limitMs }: Asking,
): Promise<Map<string, RawOptions>[]> {
  const answers = discovers.map(() => new Map<string, RawOptions>());
  let heardAt = performance.now();
  const end = heardAt + limitMs;
  socket.onDatagram((bytes) => {
    try {
      discovers.forEach((discover, at) => {
        const offer = decodeOfferTo(discover, bytes);
        const answer = answers[at];
        if (offer === undefined || answer === undefined || answer.size >= mostServers) return;
        heardAt = performance.now();
        // A view into the datagram, which is ours to keep.
        answer.set(formatIpv4(offer.serverIdentifier), offer.options);
      });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  });
  const isQuiet = (ms: number) => performance.now() > Math.min(heardAt + ms, end);
  const isComplete = () => answers.every((answer) => answer.size > 0);
  // Twice, as a client would: the first may be lost.
  for (let round = 0; round < 2 && !isComplete(); round += 1) {
    for (const [at, discover] of discovers.entries()) {
      if (answers[at]?.size === 0) await socket.send(encodeDiscover(discover), to);
    }
    heardAt = performance.now();
    while (!isQuiet(quietMs) && !isComplete()) await sleep(50);
  }
  // A second server may be slower.
  heardAt = performance.now();
  while (!isQuiet(Math.min(quietMs, 1000))) await sleep(50);
  return answers;
}
