/** What every socket of this part does with a datagram before anything else. */
import type { Endpoint } from '../net/udp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeMessage, type DhcpMessage } from '../protocol/dhcp.ts';
import type { Counters } from './counters.ts';

/** Counts, decodes, and drops what is no DHCP message or breaks off inside an option. */
export function reading(
  counters: Counters,
  handle: (message: DhcpMessage, from: Endpoint) => void,
): (bytes: Uint8Array, from: Endpoint) => void {
  return (bytes, from) => {
    counters.add('received');
    try {
      handle(decodeMessage(bytes), from);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.add('malformed');
    }
  };
}
