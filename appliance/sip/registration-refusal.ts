/** REGISTERs that don't go any further: how they are answered, counted and told. */
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, senderName, type Application } from './application.ts';
import { keepFailed } from './registration-failure.ts';
import type { Registration } from './registrations.ts';
import type { Incoming } from './srf.ts';
import { retryAfter } from './upstream-attempts.ts';

/** A phone gone mad, and who is not registered, could otherwise use us to fill the registrar with attempts. */
export function mayTry(app: Application, request: Incoming, binding: BindingRow | undefined): boolean {
  const { strangers, leased, registered } = app.attempts;
  const sender = senderName(request);
  const now = app.time.now();
  if (binding !== undefined) return registered.take(`${sender} ${binding.token}`, now);
  return (app.leaseMac(addressOf(request.source)) === undefined ? strangers : leased).take(sender, now);
}

/** Told without the claimed name, so that many attempts of one sender are one counted row. */
export async function refuseTooFast(app: Application, request: Incoming): Promise<void> {
  app.counters.registrations_refused += 1;
  app.counters.registrations_too_fast += 1;
  const [status, reason] = [503, 'Too many attempts'];
  await request.respond({ status, reason, headers: [retryAfter()] });
  if (!app.mayTell()) return;
  const body = { status, reason, source: addressOf(request.source) };
  await app.store.write((tx) => tx.journal({ kind: 'registration_refused', body }));
}

export async function refuse(
  app: Application,
  request: Incoming,
  {
    registration,
    status,
    reason,
    waitSeconds,
  }: {
    registration: Registration;
    status: number;
    reason: string;
    /** Told with a 503. */
    waitSeconds?: number;
  },
): Promise<void> {
  app.counters.registrations_refused += 1;
  await request.respond({
    status,
    reason,
    ...(status === 503 ? { headers: [retryAfter(waitSeconds)] } : {}),
  });
  keepFailed(app, request, { registration, status, reason });
  if (!app.mayTell()) return;
  const { aor, registrar } = registration;
  const body = { aor, registrar, status, reason, source: addressOf(request.source) };
  await app.store.write((tx) => tx.journal({ kind: 'registration_refused', body }));
}
