/** A server's answer on its way to the client, with what a phone needs and the server doesn't tell. Pure. */
import { broadcastFlag, encodeMessage, messageType, type DhcpMessage } from '../protocol/dhcp.ts';
import { encodeOptions, optionCode, readOption } from '../protocol/dhcp-options.ts';
import { formatIpv4 } from '../protocol/ipv4.ts';
import type { Profile } from './profile.ts';
import type { RelayPolicy } from './relay-policy.ts';
import { isOwnInformation } from './relay-request.ts';
import { ethernetMaxBytes, type ClientRequest } from './request.ts';

/** What was asked. */
export interface Asked {
  readonly request: ClientRequest;
  readonly isOverridden: boolean;
}

export interface RelayedReply {
  readonly bytes: Uint8Array;
  readonly to: { readonly address: string; readonly port: number };
  readonly type: 'offer' | 'ack' | 'nak';
  readonly profile: Profile;
  /** Codes of options that the server didn't tell so. */
  readonly added: readonly number[];
  /** Codes of those that found no room. */
  readonly leftOut: readonly number[];
  /** As the server says it. */
  readonly server: number | undefined;
}

const typeNames = new Map<number, RelayedReply['type']>([
  [messageType.offer, 'offer'],
  [messageType.ack, 'ack'],
  [messageType.nak, 'nak'],
]);
const clientPort = 68;

/** Undefined for what no server answers. Throws DecodeError. */
export function relayReply(
  message: DhcpMessage,
  { request, isOverridden }: Asked,
  { policy, now }: { policy: RelayPolicy; now: number },
): RelayedReply | undefined {
  const type = typeNames.get(readOption(message.options, 'messageType') ?? 0);
  if (type === undefined) return undefined;
  const options = new Map(message.options);
  const information = options.get(optionCode.relayAgentInformation);
  if (information !== undefined && isOwnInformation(information, policy)) {
    options.delete(optionCode.relayAgentInformation);
  }
  const server = readOption(message.options, 'serverIdentifier');
  if (isOverridden && server !== undefined) {
    for (const [code, value] of encodeOptions({ serverIdentifier: policy.ownAddress }))
      options.set(code, value);
  }
  const profile = policy.profiles(request, now);
  const passed = withAdded({ ...message, options }, type === 'nak' ? new Map() : profile.ofPhone, {
    replaces: policy.replacesOptions,
    maxBytes: request.maxBytes,
  });
  return { ...passed, to: { address: destination(message, type), port: clientPort }, type, profile, server };
}

/** What the server itself sent goes on whole, whatever its length: what finds no room then is ours. */
function withAdded(
  message: DhcpMessage,
  ofPhone: ReadonlyMap<number, Uint8Array>,
  { replaces, maxBytes }: { replaces: boolean; maxBytes: number },
): Pick<RelayedReply, 'bytes' | 'added' | 'leftOut'> {
  const plain = encodeMessage(message, ethernetMaxBytes).bytes;
  const added = [...ofPhone].filter(([code]) => replaces || !message.options.has(code));
  const codes = added.map(([code]) => code);
  const options = new Map([...message.options, ...added]);
  const { bytes, leftOut } = encodeMessage({ ...message, options }, Math.max(maxBytes, plain.length));
  if (leftOut.some((code) => message.options.has(code))) return { bytes: plain, added: [], leftOut: codes };
  return { bytes, added: codes.filter((code) => !leftOut.includes(code)), leftOut };
}

/** A client without an address gets a broadcast whatever its flag says: nobody answers ARP for it yet. */
function destination({ ciaddr, flags }: DhcpMessage, type: RelayedReply['type']): string {
  const isBroadcast = ciaddr === 0 || type === 'nak' || (flags & broadcastFlag) !== 0;
  return isBroadcast ? '255.255.255.255' : formatIpv4(ciaddr);
}
