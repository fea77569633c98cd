/** Subscriptions to events (RFC 6665), and those that a REFER begins (RFC 3515). All functions are pure. */
import { headerValue } from './sip-headers.ts';
import type { SipHeader } from './sip-message.ts';

/** Whoever was referred may ring for as long. */
export const referralMs = 300_000;

interface Request {
  readonly method: string;
  readonly headers: readonly SipHeader[];
}

/** It ends the subscription. */
export function isLastNotify(request: Request): boolean {
  const state = headerValue(request, 'Subscription-State') ?? '';
  return request.method === 'NOTIFY' && /^terminated\b/i.test(state);
}
