/**
 * How fast one phone may ask for what goes on to its registrar. A phone gone mad, or whoever has taken its place, would otherwise be
 * taken for the whole site there. What it asks in a call, and a call for help, is never too fast.
 */
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import type { Incoming } from './srf.ts';

/** Seconds. Not 503: that sends phones to the server that they know besides. */
const comeAgain = '5';

/** True when the request has been refused. */
export async function refusedAsTooFast(
  app: Application,
  request: Incoming,
  { token, mac }: BindingRow,
): Promise<boolean> {
  if (app.attempts.requests.take(token, app.time.now())) return false;
  app.counters.requests_too_fast += 1;
  if (app.mayTell()) {
    const source = addressOf(request.source);
    app.world.log.warn({ mac, source, method: request.method }, 'a phone asks too fast');
  }
  await request.respond({
    status: 480,
    reason: 'Too many requests',
    headers: [{ name: 'Retry-After', value: comeAgain }],
  });
  return true;
}
