/** Numbers that are never refused by a limit of ours. */

/** What people dial for help, anywhere; a test number of a region (933) is answered by a machine and is treated alike. */
const numbers = new Set(
  '112 911 933 999 000 100 101 102 103 108 110 111 113 115 117 118 119 122 123 144 15 17 18 190 191 192 193'.split(
    ' ',
  ),
);

/** Of a Request-URI: `sip:112@…`, `tel:112`, `urn:service:sos.fire` (RFC 5031). */
export function isEmergency(uri: string): boolean {
  if (/^urn:service:sos(?:\.|$)/i.test(uri)) return true;
  const user = /^(?:sips?:([^@]+)@|tel:([^;]+))/i.exec(uri);
  const number = (user?.[1] ?? user?.[2] ?? '').split(';')[0]?.replaceAll(/[-.() ]/g, '') ?? '';
  return numbers.has(number.replace(/^\+/, ''));
}
