/** IPv6 addresses as text (RFC 4291 section 2.2) to their sixteen bytes. */
import { isIpv4 } from './ipv4.ts';

/** Undefined for text that isn't one. A zone (`%eth0`) is left out. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const [address = ''] = text.split('%');
  const halves = withoutIpv4(address)?.split('::');
  if (halves === undefined || halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. */
function withoutIpv4(text: string): string | undefined {
  const last = text.slice(text.lastIndexOf(':') + 1);
  if (!last.includes('.')) return text;
  if (!isIpv4(last)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
  return `${text.slice(0, -last.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
