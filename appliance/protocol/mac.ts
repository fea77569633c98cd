/** Ethernet addresses. Inside Gatehouse a MAC is always twelve lower-case hex digits joined by colons. */

/** `00:15:65:aa:bb:cc`, whatever the separators and case of the input; undefined when it is not a MAC. */
export function parseMac(text: string): string | undefined {
  const digits = text.replaceAll(/[:.\-\s]/g, '').toLowerCase();
  return /^[0-9a-f]{12}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : undefined;
}

/** Six bytes as `00:15:65:aa:bb:cc`. */
export function formatMac(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += text === '' ? hexDigits[byte] : `:${hexDigits[byte]}`;
  return text;
}

/** The form that Microsoft's LIS and bulk sign-in want: `00-15-65-AA-BB-CC`. */
export function dashedMac(mac: string): string {
  return mac.replaceAll(':', '-').toUpperCase();
}

/** Looked up, since a DHCP storm formats tens of thousands a second. */
const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
