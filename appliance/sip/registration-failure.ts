/** Registrations that failed, kept for people to look at: one a phone, with its messages. */
import { isChallenge } from '../protocol/sip-challenge.ts';
import { headerValue, headerLines } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { addressOf, legOf, type Application } from './application.ts';
import { macInUserAgent } from './phone-mac.ts';
import type { Registration } from './registrations.ts';
import type { Incoming } from './srf.ts';

interface Failure {
  readonly registration: Registration;
  readonly status: number;
  readonly reason: string;
  /** Of our connection to the registrar, where it was asked. */
  readonly flow?: string;
}

/** Once the phone has its answer. */
export function keepFailed(app: Application, request: Incoming, failure: Failure): void {
  const { registration, status, reason, flow } = failure;
  const { aor, registrar, userAgent } = registration;
  const { source, transport } = request;
  const address = addressOf(source);
  const phone = app.leaseMac(address) ?? macInUserAgent(userAgent ?? '') ?? address;
  const own = legOf(request);
  app.ladders.failed(
    {
      phone,
      aor,
      registrar,
      source,
      transport,
      status,
      reason,
      ...(userAgent === undefined ? {} : { userAgent }),
    },
    flow === undefined ? [own] : [own, { peer: flow, callId: own.callId }],
  );
}

/** A challenge is no failure, unless it answers credentials that are not just too old (RFC 7616 section 3.3, stale). */
export function isRefusal(
  { status, headers }: { status: number; headers: readonly SipHeader[] },
  request: Pick<Incoming, 'headers'>,
): boolean {
  if (!isChallenge({ status })) return status >= 300;
  const hasCredentials = ['Authorization', 'Proxy-Authorization'].some(
    (name) => headerValue(request, name) !== undefined,
  );
  const challenges = ['WWW-Authenticate', 'Proxy-Authenticate'].flatMap((name) =>
    headerLines({ headers }, name),
  );
  return hasCredentials && !challenges.some((challenge) => /[\s,]stale\s*=\s*"?true/i.test(challenge));
}
