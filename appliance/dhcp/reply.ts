/** The message that goes back, and where to. */
import { broadcastFlag, encodeMessage, messageType } from '../protocol/dhcp.ts';
import { optionCode } from '../protocol/dhcp-options.ts';
import { formatIpv4 } from '../protocol/ipv4.ts';
import type { ClientRequest } from './request.ts';

export interface Reply {
  readonly type: 'offer' | 'ack' | 'nak';
  readonly request: ClientRequest;
  /** 0 in a NAK and in the answer to an INFORM. */
  readonly yiaddr: number;
  readonly serverIdentifier: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly to: { readonly address: string; readonly port: number };
  /** Goes to the client's own address, neither to a relay nor to everybody. */
  readonly isToClient: boolean;
  /** Codes of options that found no room within what the client takes. */
  readonly leftOut: readonly number[];
}

const serverPort = 67;
const clientPort = 68;
const broadcast = { to: { address: '255.255.255.255', port: clientPort }, isToClient: false };
const empty = new Uint8Array(0);

/** One byte each, made once. */
const typeBytes = {
  offer: Uint8Array.of(messageType.offer),
  ack: Uint8Array.of(messageType.ack),
  nak: Uint8Array.of(messageType.nak),
};

export function encodeReply(reply: Reply): Datagram {
  const { type, request, yiaddr } = reply;
  const { message } = request;
  const isNak = type === 'nak';
  const { bytes, leftOut } = encodeMessage(
    {
      op: 'reply',
      htype: message.htype,
      hops: 0,
      xid: message.xid,
      secs: 0,
      // A relay must broadcast a NAK: the client may not own the address that it would be sent to.
      flags: isNak && message.giaddr !== 0 ? message.flags | broadcastFlag : message.flags,
      ciaddr: type === 'ack' ? message.ciaddr : 0,
      yiaddr,
      // Some phones take siaddr for their boot server, which the options already name.
      siaddr: 0,
      giaddr: message.giaddr,
      chaddr: message.chaddr,
      sname: empty,
      file: empty,
      options: replyOptions(reply),
    },
    request.maxBytes,
  );
  return { bytes, leftOut, ...destination(reply) };
}

function replyOptions({ type, request, serverIdentifier, options }: Reply): Map<number, Uint8Array> {
  const all = new Map<number, Uint8Array>();
  all.set(optionCode.messageType, typeBytes[type]);
  all.set(optionCode.serverIdentifier, addressBytes(serverIdentifier));
  // RFC 6842: the client's identifier goes back to it.
  if (request.clientIdentifier !== undefined) all.set(optionCode.clientIdentifier, request.clientIdentifier);
  for (const [code, value] of options) all.set(code, value);
  // RFC 3011 section 2: whoever sent it throws away what comes without it.
  const subnet = request.message.options.get(optionCode.subnetSelection);
  if (subnet !== undefined && type !== 'nak') all.set(optionCode.subnetSelection, subnet);
  // RFC 3046 section 2.2: unchanged, in every answer, and last. A switch that snoops puts it in without being a relay.
  const relay = request.message.options.get(optionCode.relayAgentInformation);
  if (relay !== undefined) all.set(optionCode.relayAgentInformation, relay);
  return all;
}

/**
 * RFC 2131 section 4.1. A client without an address gets a broadcast whatever its flag says: unicast would need an ARP
 * entry that nobody answers for.
 */
function destination({ type, request: { kind, message } }: Reply): Pick<Datagram, 'to' | 'isToClient'> {
  if (message.giaddr !== 0 && kind !== 'inform')
    return { to: { address: formatIpv4(message.giaddr), port: serverPort }, isToClient: false };
  if (type === 'nak' || message.ciaddr === 0) return broadcast;
  return { to: { address: formatIpv4(message.ciaddr), port: clientPort }, isToClient: true };
}

let last = { address: 0, bytes: empty };

function addressBytes(address: number): Uint8Array {
  if (last.address !== address) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(address);
    last = { address, bytes };
  }
  return last.bytes;
}
