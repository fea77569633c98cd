/** Chassis, port and management addresses of LLDP (IEEE 802.1AB sections 8.5.2, 8.5.3, 8.5.9), on the wire and in SNMP alike. */
import { DecodeError } from './bytes.ts';
import { formatIpv4 } from './ipv4.ts';
import { cleanText } from './lldp-tlv.ts';
import { dashedMac, formatMac, parseMac } from './mac.ts';

/** Subtype and bytes as sent: what they mean is derived, never kept in their place. */
export interface LldpId {
  readonly subtype: number;
  readonly bytes: Uint8Array;
}

/** IEEE 802.1AB tables 8-2 and 8-3. */
export const chassisSubtype = { mac: 4, networkAddress: 5, local: 7 } as const;
export const portSubtype = { mac: 3, networkAddress: 4, ifName: 5, local: 7 } as const;

type IdKind = 'chassis' | 'port';

/** IANA address family numbers. */
const family = { ipv4: 1, ipv6: 2, mac: 6 } as const;

/** Throws {@link DecodeError} when the bytes can't be an id of this subtype. */
export function checkId(kind: IdKind, { subtype, bytes }: LldpId): void {
  if (bytes.length === 0 || bytes.length > 255) throw new DecodeError(`${kind} ID of ${bytes.length} bytes`);
  if (isMacSubtype(kind, subtype) && bytes.length !== 6)
    throw new DecodeError(`${kind} ID: a MAC of ${bytes.length} bytes`);
  if (isAddressSubtype(kind, subtype)) checkNetworkAddress(bytes[0] ?? 0, bytes.length - 1);
}

export function checkNetworkAddress(addressFamily: number, length: number): void {
  const wanted = addressFamily === family.ipv4 ? 4 : addressFamily === family.ipv6 ? 16 : undefined;
  if (length < 1 || length > 31 || (wanted !== undefined && length !== wanted)) {
    throw new DecodeError(`address of family ${addressFamily} and ${length} bytes`);
  }
}

/** For people and for comparing: a MAC as `00:15:65:aa:bb:cc`, an address as usual, other subtypes word for word. */
export function idText(kind: IdKind, { subtype, bytes }: LldpId): string {
  if (isMacSubtype(kind, subtype) && bytes.length === 6) return formatMac(bytes);
  if (isAddressSubtype(kind, subtype)) return networkAddressText(bytes[0] ?? 0, bytes.subarray(1));
  return cleanText(bytes);
}

/** As Microsoft's LIS compares it: MAC subtypes `00-15-65-AA-BB-CC`, others word for word. */
export function lisText(kind: IdKind, id: LldpId): string {
  const readable = idText(kind, id);
  return isMacSubtype(kind, id.subtype) ? dashedMac(readable) : readable;
}

/** The MAC that the id is, if it is one; the phone's own in frames of most vendors. */
export function idMac(kind: IdKind, id: LldpId): string | undefined {
  return isMacSubtype(kind, id.subtype) ? parseMac(idText(kind, id)) : undefined;
}

/** The IPv4 address that the id is, if it is one. */
export function idIpv4(kind: IdKind, { subtype, bytes }: LldpId): string | undefined {
  return isAddressSubtype(kind, subtype) && bytes[0] === family.ipv4 && bytes.length === 5
    ? networkAddressText(family.ipv4, bytes.subarray(1))
    : undefined;
}

export function networkAddressText(addressFamily: number, bytes: Uint8Array): string {
  if (addressFamily === family.ipv4 && bytes.length === 4) return formatIpv4(uint32(bytes));
  if (addressFamily === family.ipv6 && bytes.length === 16) return formatIpv6(bytes);
  if (addressFamily === family.mac && bytes.length === 6) return formatMac(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function isMacSubtype(kind: IdKind, subtype: number): boolean {
  return subtype === (kind === 'chassis' ? chassisSubtype.mac : portSubtype.mac);
}

function isAddressSubtype(kind: IdKind, subtype: number): boolean {
  return subtype === (kind === 'chassis' ? chassisSubtype.networkAddress : portSubtype.networkAddress);
}

function uint32(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const part = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (best.length < 2) return part(0, 8);
  return `${part(0, best.start)}::${part(best.start + best.length, 8)}`;
}
