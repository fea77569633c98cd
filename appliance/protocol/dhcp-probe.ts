/** Looking for DHCP servers: a DISCOVER under an identifier of our own, and what comes back. Nothing is ever requested. */
import type { DhcpMessage } from './dhcp.ts';
import { decodeOfferTo, encodeDiscover } from './dhcp-discover.ts';
import { encodeOptions, optionCode, readOption } from './dhcp-options.ts';
import { formatIpv4 } from './ipv4.ts';

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
  const options = encodeOptions({
    parameterRequestList: Uint8Array.of(1, 3, 6, 42, 66, 160),
    // The same each time: a server that keeps what it offers keeps one entry.
    clientIdentifier: Buffer.from(identifierText + mac, 'latin1'),
  });
  return encodeDiscover({ mac, xid, options });
}

/** Undefined when this is no answer to the probe. Throws DecodeError for what is no DHCP message at all. */
export function decodeOffer(bytes: Uint8Array, probe: Probe): DhcpOffer | undefined {
  const message = decodeOfferTo(probe, bytes);
  if (message === undefined) return undefined;
  const tftpServerName = readOption(message.options, 'tftpServerName');
  const provisioningUrl = readOption(message.options, 'provisioningUrl');
  return {
    serverIdentifier: formatIpv4(message.serverIdentifier),
    offeredAddress: formatIpv4(message.yiaddr),
    ...(tftpServerName === undefined ? {} : { tftpServerName }),
    ...(provisioningUrl === undefined ? {} : { provisioningUrl }),
  };
}
