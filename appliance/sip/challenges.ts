/** Challenges that the phone is to answer for a request whose body is not its own any more. Pure. */
import type { SipHeader } from '../protocol/sip-message.ts';

const challenges = new Set(['WWW-Authenticate', 'Proxy-Authenticate']);
/** Requests whose descriptions get our ports. */
const rewritten = /\s(?:INVITE|UPDATE)$/;

/**
 * `auth-int` (RFC 7616 section 3.4.3) hashes the body, and ours is another one than the phone's: where `auth` is offered too, that is
 * what remains. A challenge with nothing else is passed as it is.
 */
export function withoutIntegrity(headers: readonly SipHeader[], cseq: string | undefined): SipHeader[] {
  if (!rewritten.test(cseq ?? '')) return [...headers];
  return headers.map((header) =>
    challenges.has(header.name)
      ? { name: header.name, value: header.value.replaceAll(qopField, withoutAuthInt) }
      : header,
  );
}

const qopField = /(?<=[\s,]qop\s*=\s*")[^"]*(?=")/gi;

function withoutAuthInt(offered: string): string {
  const options = offered.split(',').map((option) => option.trim());
  if (!options.some((option) => option.toLowerCase() === 'auth')) return offered;
  return options.filter((option) => option.toLowerCase() !== 'auth-int').join(',');
}
