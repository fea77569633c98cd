/** IPv4 addresses as text, number and subnet. */

export interface Subnet {
  /** Network address as an unsigned 32-bit number. */
  readonly network: number;
  readonly prefix: number;
}

/** Unsigned 32-bit number. Text that is not an address throws a TypeError: check it first with {@link isIpv4}. */
export function parseIpv4(text: string): number {
  if (!isIpv4(text)) throw new TypeError(`"${text}" is not an IPv4 address`);
  return text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

export function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((octet) => Number(octet) < 256);
}

export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** `10.20.0.0/24`; host bits are cleared. */
export function parseCidr(text: string): Subnet {
  const [address = '', prefix = '32'] = text.split('/');
  const bits = Number(prefix);
  return { network: (parseIpv4(address) & maskOf(bits)) >>> 0, prefix: bits };
}

export function contains(subnet: Subnet, address: string): boolean {
  return isIpv4(address) && (parseIpv4(address) & maskOf(subnet.prefix)) >>> 0 === subnet.network;
}

/** `255.255.255.0` for 24. */
export function netmask(prefix: number): string {
  return formatIpv4(maskOf(prefix));
}

export function broadcastAddress(subnet: Subnet): string {
  return formatIpv4((subnet.network | ~maskOf(subnet.prefix)) >>> 0);
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xff_ff_ff_ff << (32 - prefix)) >>> 0;
}
