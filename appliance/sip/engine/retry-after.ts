/** Retry-After, RFC 3261 section 20.33: `120`, `18000;duration=3600`, `60 (maintenance)`. */
import { headerValue } from '../../protocol/sip-headers.ts';
import type { SipResponse } from '../../protocol/sip-message.ts';

/** A server that names a day by mistake is asked again the same morning. */
const longestSeconds = 3600;

/** Undefined when the server doesn't say. */
export function retryAfterMs(response: Pick<SipResponse, 'headers'>): number | undefined {
  const [seconds] = /^\d{1,10}/.exec(headerValue(response, 'Retry-After')?.trim() ?? '') ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), longestSeconds) * 1000;
}
