/** What a client wants: the states of RFC 2131 section 4.3.2 told apart by what a message carries. */
import { DecodeError } from '../protocol/bytes.ts';
import { defaultMaxBytes, messageType, type DhcpMessage } from '../protocol/dhcp.ts';
import { optionCode, readOption } from '../protocol/dhcp-options.ts';
import {
  decodeRelayInformation,
  namesLink,
  type RelayInformation,
} from '../protocol/dhcp-relay-information.ts';
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
  /**
   * An address of the client's subnet, when a relay speaks for it or it says so itself (RFC 3527, RFC 3011, giaddr).
   * `unreadable` where they name one that nobody can read: any address would be a guess.
   */
  readonly link: number | 'unreadable' | undefined;
  /** Option 82, where a relay put one in that can be read. */
  readonly relay: RelayInformation | undefined;
  /** Options that can't be read and that its answer doesn't need: they are taken for absent. */
  readonly flaws: readonly Flaw[];
}

export interface Flaw {
  readonly option: number;
  readonly reason: string;
}

const ethernet = 1;
/** IP and UDP headers; option 57 counts them (RFC 2132 section 9.10). */
const headerBytes = 28;
export const ethernetMaxBytes = 1500 - headerBytes;

/**
 * Undefined for what no client of ours sends: replies, BOOTP, other networks than Ethernet. Throws DecodeError where it can't be
 * read what the client wants: a sloppy phone, switch or relay costs nobody a lease for less.
 */
export function readRequest(message: DhcpMessage): ClientRequest | undefined {
  const { op, htype, chaddr, options } = message;
  if (op !== 'request' || htype !== ethernet || chaddr.length !== 6 || !isStation(chaddr)) return undefined;
  const flaws: Flaw[] = [];
  const spared: Spared = (option, read) => readSpared(option, read, flaws);
  const { kind, requested, serverIdentifier } = wishOf(message, spared);
  if (kind === undefined) return undefined;
  const mac = formatMac(chaddr);
  const clientIdentifier = readOption(options, 'clientIdentifier');
  const relayed = readOption(options, 'relayAgentInformation');
  const relay = relayed && spared(optionCode.relayAgentInformation, () => decodeRelayInformation(relayed));
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
    maxBytes: maxBytesOf(spared(optionCode.maxMessageSize, () => readOption(options, 'maxMessageSize'))),
    link: linkOf(message, relay, spared),
    relay,
    flaws,
  };
}

/** Undefined for what can't be read. */
type Spared = <Value>(option: number, read: () => Value) => Value | undefined;

function readSpared<Value>(option: number, read: () => Value, flaws: Flaw[]): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    flaws.push({ option, reason: error.message });
    return undefined;
  }
}

/** Who takes an address, gives one back or declines one names it and the server, unless it speaks from it: those are needed. */
function wishOf({ ciaddr, options }: DhcpMessage, spared: Spared) {
  const type = readOption(options, 'messageType');
  const { discover, inform, request } = messageType;
  const isSpared = type === discover || type === inform || (type === request && ciaddr !== 0);
  const addressIn = (name: 'requestedAddress' | 'serverIdentifier') =>
    isSpared ? spared(optionCode[name], () => readOption(options, name)) : readOption(options, name);
  const [requested, serverIdentifier] = [addressIn('requestedAddress'), addressIn('serverIdentifier')];
  return { kind: kindOf(type, ciaddr, { requested, serverIdentifier }), requested, serverIdentifier };
}

function kindOf(
  type: number | undefined,
  ciaddr: number,
  { serverIdentifier, requested }: { serverIdentifier: number | undefined; requested: number | undefined },
): RequestKind | undefined {
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
export function isStation(chaddr: Uint8Array): boolean {
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
function linkOf(
  { giaddr, options }: DhcpMessage,
  relay: RelayInformation | undefined,
  spared: Spared,
): ClientRequest['link'] {
  const relayed = giaddr === 0 ? undefined : readOption(options, 'relayAgentInformation');
  if (relayed !== undefined && relay === undefined && namesLink(relayed)) return 'unreadable';
  const ofRelay = giaddr === 0 ? undefined : relay?.linkSelection;
  if (ofRelay !== undefined) return ofRelay;
  const own = spared(optionCode.subnetSelection, () => readOption(options, 'subnetSelection'));
  return own ?? (options.has(optionCode.subnetSelection) ? 'unreadable' : nonZero(giaddr));
}

function nonZero(address: number): number | undefined {
  return address === 0 ? undefined : address;
}
