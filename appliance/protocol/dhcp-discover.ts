/** DISCOVER as a client or a relay sends it, and the OFFERs that answer it (RFC 2131 section 3.1, RFC 3046 section 2.1). */
import {
  broadcastFlag,
  decodeMessage,
  encodeMessage,
  messageType,
  type DhcpMessage,
  type RawOptions,
} from './dhcp.ts';
import { encodeOptions, readOption } from './dhcp-options.ts';
import { parseMac } from './mac.ts';

export interface Discover {
  readonly mac: string;
  readonly xid: number;
  /** Our address when we speak as a relay; the answer comes there. */
  readonly giaddr?: number;
  /** Besides the message type. */
  readonly options: RawOptions;
}

/** Asks for a broadcast answer, since the asker has no address on that network. Throws a TypeError for a wrong MAC. */
export function encodeDiscover({ mac, xid, giaddr = 0, options }: Discover): Uint8Array {
  return encodeMessage({
    op: 'request',
    htype: 1,
    hops: giaddr === 0 ? 0 : 1,
    xid,
    secs: 0,
    flags: broadcastFlag,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr,
    chaddr: macBytes(mac),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: new Map([...encodeOptions({ messageType: messageType.discover }), ...options]),
  }).bytes;
}

/** Undefined when this is no OFFER to that DISCOVER. Throws DecodeError for what is no DHCP message at all. */
export function decodeOfferTo(
  { mac, xid }: Pick<Discover, 'mac' | 'xid'>,
  bytes: Uint8Array,
): (DhcpMessage & { readonly serverIdentifier: number }) | undefined {
  const message = decodeMessage(bytes);
  if (message.op !== 'reply' || message.xid !== xid) return undefined;
  if (!Buffer.from(message.chaddr).equals(macBytes(mac))) return undefined;
  if (readOption(message.options, 'messageType') !== messageType.offer) return undefined;
  const serverIdentifier = readOption(message.options, 'serverIdentifier');
  return serverIdentifier === undefined ? undefined : { ...message, serverIdentifier };
}

function macBytes(mac: string): Uint8Array {
  const known = parseMac(mac);
  if (known === undefined) throw new TypeError(`"${mac}" is not a MAC`);
  return Buffer.from(known.replaceAll(':', ''), 'hex');
}
