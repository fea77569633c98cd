/** Ethernet addresses. Inside Gatehouse a MAC is always twelve lower-case hex digits joined by colons. */

/** `00:15:65:aa:bb:cc`, whatever the separators and case of the input; undefined when it is not a MAC. */
export function parseMac(text: string): string | undefined {
  const digits = text.replaceAll(/[:.\-\s]/g, '').toLowerCase();
  return /^[0-9a-f]{12}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : undefined;
}

/** Six bytes as `00:15:65:aa:bb:cc`. */
export function formatMac(bytes: Uint8Array): string {
  let at = 0;
  for (const byte of bytes) {
    line[at] = hexDigits[2 * byte] ?? 0;
    line[at + 1] = hexDigits[2 * byte + 1] ?? 0;
    at += 3;
  }
  return line.toString('latin1', 0, Math.max(0, at - 1));
}

/** The form that Microsoft's LIS and bulk sign-in want: `00-15-65-AA-BB-CC`. */
export function dashedMac(mac: string): string {
  return mac.replaceAll(':', '-').toUpperCase();
}

/**
 * Written here, and made a string at once: a DHCP storm formats tens of thousands a second, and joined strings take three times
 * as long as keys. Two digits a byte, looked up; room for the longest hardware address (RFC 2131).
 */
const line = Buffer.alloc(3 * 16, ':');
const hexDigits = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''),
);
