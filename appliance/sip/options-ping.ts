/** An OPTIONS outside any dialog that asks for nothing but an answer (RFC 3261 section 11), to be sent over TLS. */
import { randomBytes } from 'node:crypto';

export function optionsPing(host: string): string {
  const [branch, tag, call] = [1, 2, 3].map(() => randomBytes(9).toString('hex'));
  return [
    `OPTIONS sip:${host} SIP/2.0`,
    `Via: SIP/2.0/TLS box.invalid;rport;branch=z9hG4bK${branch}`,
    'Max-Forwards: 70',
    `From: <sip:box.invalid>;tag=${tag}`,
    `To: <sip:${host}>`,
    `Call-ID: ${call}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
