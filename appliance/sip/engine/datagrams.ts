/** What the UDP listener has to know of datagrams, and of the machine's addresses. */
import { networkInterfaces } from 'node:os';

/** Empty lines, zero bytes and STUN requests keep a NAT's mapping open and want no answer from a SIP server behind none. */
export function isKeepAlive(bytes: Uint8Array): boolean {
  if (bytes.length <= 4) return bytes.every((byte) => byte === 13 || byte === 10 || byte === 0);
  return bytes.length >= 20 && (bytes[0] ?? 255) < 2 && bytes[4] === 0x21 && bytes[5] === 0x12;
}

/** Our address in the network of the peer, else the first that isn't loopback. */
export function localAddressTo(remote: string): string {
  const ours = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family }) => family === 'IPv4');
  const same = ours.find(
    ({ address, netmask }) => (bits(address) & bits(netmask)) === (bits(remote) & bits(netmask)),
  );
  return same?.address ?? ours.find(({ internal }) => !internal)?.address ?? '127.0.0.1';
}

function bits(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}
