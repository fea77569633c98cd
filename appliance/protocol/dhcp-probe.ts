/** Looking for DHCP servers: a DISCOVER under an identifier of our own, and what comes back. Nothing is ever requested. */
import { broadcastFlag, decodeMessage, encodeMessage, messageType, type DhcpMessage } from './dhcp.ts';
import { encodeOptions, optionCode, readOption } from './dhcp-options.ts';
import { formatIpv4 } from './ipv4.ts';
import { parseMac } from './mac.ts';

export interface Probe {
  /** Of the card that asks. The identifier keeps the probe apart from the lease that the machine itself may have. */
  readonly mac: string;
  readonly xid: number;
}

/** A server that answered. */
export interface DhcpOffer {
  readonly serverIdentifier: string;
  readonly offeredAddress: string;
  /** Options 66 and 160, when the server sends phones somewhere. */
  readonly tftpServerName?: string;
  readonly provisioningUrl?: string;
}

/** Type 0 of RFC 2132 section 9.14: no hardware address. */
const identifierText = '\0gatehouse-probe ';
const identifierBytes = Buffer.from(identifierText, 'latin1');

/** A probe of Gatehouse, this box's or another's: no client that wants an address. */
export function isProbe({ options }: Pick<DhcpMessage, 'options'>): boolean {
  const identifier = options.get(optionCode.clientIdentifier);
  return (
    identifier !== undefined &&
    Buffer.from(identifier).subarray(0, identifierText.length).equals(identifierBytes)
  );
}

/** Asks for a broadcast answer, since the prober has no address on that network. Throws a TypeError for a wrong MAC. */
export function encodeProbe({ mac, xid }: Probe): Uint8Array {
  return encodeMessage({
    op: 'request',
    htype: 1,
    hops: 0,
    xid,
    secs: 0,
    flags: broadcastFlag,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: macBytes(mac),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: encodeOptions({
      messageType: messageType.discover,
      parameterRequestList: Uint8Array.of(1, 3, 6, 42, 66, 160),
      // The same each time: a server that keeps what it offers keeps one entry.
      clientIdentifier: Buffer.from(identifierText + mac, 'latin1'),
    }),
  }).bytes;
}

/** Undefined when this is no answer to the probe. Throws DecodeError for what is no DHCP message at all. */
export function decodeOffer(bytes: Uint8Array, { mac, xid }: Probe): DhcpOffer | undefined {
  const message = decodeMessage(bytes);
  if (message.op !== 'reply' || message.xid !== xid) return undefined;
  if (!Buffer.from(message.chaddr).equals(macBytes(mac))) return undefined;
  if (readOption(message.options, 'messageType') !== messageType.offer) return undefined;
  const serverIdentifier = readOption(message.options, 'serverIdentifier');
  if (serverIdentifier === undefined) return undefined;
  const tftpServerName = readOption(message.options, 'tftpServerName');
  const provisioningUrl = readOption(message.options, 'provisioningUrl');
  return {
    serverIdentifier: formatIpv4(serverIdentifier),
    offeredAddress: formatIpv4(message.yiaddr),
    ...(tftpServerName === undefined ? {} : { tftpServerName }),
    ...(provisioningUrl === undefined ? {} : { provisioningUrl }),
  };
}

function macBytes(mac: string): Uint8Array {
  const known = parseMac(mac);
  if (known === undefined) throw new TypeError(`"${mac}" is not a MAC`);
  return Buffer.from(known.replaceAll(':', ''), 'hex');
}
