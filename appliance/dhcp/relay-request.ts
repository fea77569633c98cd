/** A client's message on its way to the servers: RFC 1542 section 4.1.1, RFC 3046, RFC 5107. Pure. */
import { DecodeError } from '../protocol/bytes.ts';
import { encodeMessage, type DhcpMessage } from '../protocol/dhcp.ts';
import { encodeOptions, optionCode } from '../protocol/dhcp-options.ts';
import {
  decodeRelayInformation,
  encodeRelayInformation,
  type RelayInformation,
} from '../protocol/dhcp-relay-information.ts';
import type { RelayPolicy } from './relay-policy.ts';
import { ethernetMaxBytes, type ClientRequest } from './request.ts';

/** Whose an address is. */
export interface Origin {
  /** Server identifier, as the server says it. */
  readonly server: number;
  /** Address that it answers from. */
  readonly via: string;
}

export interface RelayedRequest {
  readonly bytes: Uint8Array;
  readonly to: readonly string[];
  /** Its answer comes back through us. */
  readonly isOurs: boolean;
  /** The servers are asked to name us as the client's server. */
  readonly isOverridden: boolean;
}

/** Why it goes nowhere; the counter's name is `ignored_` and this. */
export type RelaySilence = 'looped' | 'too_many_hops' | 'untrusted_option_82';

/** `origin` of the address that the request is about, when known. */
export function relayRequest(
  request: ClientRequest,
  policy: RelayPolicy,
  origin: Origin | undefined,
): RelayedRequest | RelaySilence {
  const { message } = request;
  const present = message.options.get(optionCode.relayAgentInformation);
  if (message.giaddr === policy.giaddr || message.giaddr === policy.ownAddress) return 'looped';
  if (present !== undefined && isOwnInformation(present, policy)) return 'looped';
  if (message.hops >= policy.hopLimit) return 'too_many_hops';
  const hops = message.hops + 1;
  // Another relay spoke first: its address and its option stay, and the answer goes to it.
  if (message.giaddr !== 0) return sent({ ...message, hops }, { to: policy.servers, isOurs: false });
  if (present !== undefined && !policy.trustsOption82) return 'untrusted_option_82';
  const options = new Map(message.options);
  const isForUs = request.serverIdentifier === policy.ownAddress;
  if (isForUs && origin !== undefined) {
    for (const [code, value] of encodeOptions({ serverIdentifier: origin.server })) options.set(code, value);
  }
  // The answer to an INFORM goes straight to the client, which knows nothing of option 82.
  const isOverridden = present === undefined && request.kind !== 'inform';
  if (isOverridden) options.set(optionCode.relayAgentInformation, ownInformation(policy));
  return sent(
    { ...message, hops, giaddr: policy.giaddr, options },
    { to: isForUs && origin !== undefined ? [origin.via] : policy.servers, isOurs: true, isOverridden },
  );
}

/** Whose it is by the port and the switch that it names; one that can't be read is not ours. */
export function isOwnInformation(bytes: Uint8Array, { circuitId, remoteId }: RelayPolicy): boolean {
  const found = informationIn(bytes);
  return (
    Buffer.from(found?.circuitId ?? []).equals(circuitId) &&
    Buffer.from(found?.remoteId ?? []).equals(remoteId)
  );
}

function informationIn(bytes: Uint8Array): RelayInformation | undefined {
  try {
    return decodeRelayInformation(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}

function ownInformation({ circuitId, remoteId, giaddr, ownAddress }: RelayPolicy): Uint8Array {
  return encodeRelayInformation({
    circuitId,
    remoteId,
    ...(giaddr === ownAddress ? {} : { linkSelection: ownAddress }),
    serverOverride: ownAddress,
  });
}

/** Where option 82 finds no room the message goes without it (RFC 3046 section 2.1). */
function sent(
  message: DhcpMessage,
  {
    isOverridden = false,
    ...rest
  }: Omit<RelayedRequest, 'bytes' | 'isOverridden'> & { isOverridden?: boolean },
): RelayedRequest {
  const { bytes, leftOut } = encodeMessage(message, ethernetMaxBytes);
  const isWhole = !leftOut.includes(optionCode.relayAgentInformation);
  return { ...rest, bytes, isOverridden: isOverridden && isWhole };
}
