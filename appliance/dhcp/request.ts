/** What a client wants: the states of RFC 2131 section 4.3.2 told apart by what a message carries. */
import { defaultMaxBytes, messageType, type DhcpMessage } from '../protocol/dhcp.ts';
import { readOption } from '../protocol/dhcp-options.ts';
import { decodeRelayInformation, type RelayInformation } from '../protocol/dhcp-relay-information.ts';
import { formatMac } from '../protocol/mac.ts';

/** `extending` is RENEWING and REBINDING: on the wire they differ only in where the client sent it to. */
export type RequestKind =
  | 'discover'
  | 'selecting'
  | 'init-reboot'
  | 'extending'
  | 'release'
  | 'decline'
  | 'inform';

export interface ClientRequest {
  readonly kind: RequestKind;
  readonly message: DhcpMessage;
  readonly mac: string;
  /** Whose lease it is: the client identifier where there is one, else the MAC (RFC 2131 section 4.2). */
  readonly client: string;
  readonly clientIdentifier: Uint8Array | undefined;
  /** The address it is about: option 50, or ciaddr. */
  readonly address: number | undefined;
  readonly serverIdentifier: number | undefined;
  readonly vendorClass: Uint8Array | undefined;
  readonly hostName: string | undefined;
  /** Most bytes of UDP payload that the client takes. */
  readonly maxBytes: number;
  /** An address of the client's subnet, when a relay speaks for it or it says so itself (RFC 3527, RFC 3011, giaddr). */
  readonly link: number | undefined;
  /** Option 82, where a relay put one in. */
  readonly relay: RelayInformation | undefined;
}

const ethernet = 1;
/** IP and UDP headers; option 57 counts them (RFC 2132 section 9.10). */
const headerBytes = 28;
export const ethernetMaxBytes = 1500 - headerBytes;

/** Undefined for what no client of ours sends: replies, BOOTP, other networks than Ethernet. Throws DecodeError. */
export function readRequest(message: DhcpMessage): ClientRequest | undefined {
  const { op, htype, chaddr, options } = message;
  if (op !== 'request' || htype !== ethernet || chaddr.length !== 6 || !isStation(chaddr)) return undefined;
  const serverIdentifier = readOption(options, 'serverIdentifier');
  const requested = readOption(options, 'requestedAddress');
  const kind = kindOf(message, { serverIdentifier, requested });
  if (kind === undefined) return undefined;
  const mac = formatMac(chaddr);
  const clientIdentifier = readOption(options, 'clientIdentifier');
  const relayed = readOption(options, 'relayAgentInformation');
  const relay = relayed === undefined ? undefined : decodeRelayInformation(relayed);
  return {
    kind,
    message,
    mac,
    client: clientKey(clientIdentifier, chaddr, mac),
    clientIdentifier,
    address: addressOf(kind, requested, nonZero(message.ciaddr)),
    serverIdentifier,
    vendorClass: readOption(options, 'vendorClass'),
    hostName: readOption(options, 'hostName')?.slice(0, 255),
    maxBytes: maxBytesOf(readOption(options, 'maxMessageSize')),
    link: linkOf(message, relay),
    relay,
  };
}

function kindOf(
  { ciaddr, options }: DhcpMessage,
  { serverIdentifier, requested }: { serverIdentifier: number | undefined; requested: number | undefined },
): RequestKind | undefined {
  const type = readOption(options, 'messageType');
  if (type === messageType.discover) return 'discover';
  if (type === messageType.release) return 'release';
  if (type === messageType.decline) return 'decline';
  if (type === messageType.inform) return 'inform';
  if (type !== messageType.request) return undefined;
  if (ciaddr !== 0) return 'extending';
  if (requested === undefined) return undefined;
  return serverIdentifier === undefined ? 'init-reboot' : 'selecting';
}

/** RFC 2131 table 5 wants option 50 in a DECLINE; systemd-networkd 252 has it in ciaddr alone. */
function addressOf(kind: RequestKind, requested: number | undefined, ciaddr: number | undefined) {
  if (kind === 'discover') return requested;
  return kind === 'decline' ? (requested ?? ciaddr) : (ciaddr ?? requested);
}

/** Neither a group address nor all zeros. */
function isStation(chaddr: Uint8Array): boolean {
  return ((chaddr[0] ?? 1) & 1) === 0 && chaddr.some((byte) => byte !== 0);
}

/** `01` + MAC says no more than the MAC: a boot loader without identifier and the phone after it are one client. */
function clientKey(identifier: Uint8Array | undefined, chaddr: Uint8Array, mac: string): string {
  if (identifier === undefined || identifier.length < 2) return mac;
  if (
    identifier.length === 7 &&
    identifier[0] === ethernet &&
    chaddr.every((byte, at) => identifier[at + 1] === byte)
  ) {
    return mac;
  }
  return Buffer.from(identifier).toString('hex');
}

function maxBytesOf(maxMessageSize: number | undefined): number {
  if (maxMessageSize === undefined) return defaultMaxBytes;
  return Math.min(ethernetMaxBytes, Math.max(defaultMaxBytes, maxMessageSize - headerBytes));
}

/** An option 82 without a relay's address is a switch's, or the client's own: such a one doesn't choose the network. */
function linkOf({ giaddr, options }: DhcpMessage, relay: RelayInformation | undefined): number | undefined {
  const ofRelay = giaddr === 0 ? undefined : relay?.linkSelection;
  return ofRelay ?? readOption(options, 'subnetSelection') ?? nonZero(giaddr);
}

function nonZero(address: number): number | undefined {
  return address === 0 ? undefined : address;
}
