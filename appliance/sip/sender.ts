/** Who sends a request that stands alone or begins a subscription. */
import { headerValue } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import { aorOf } from './registrations.ts';
import type { Incoming } from './srf.ts';

/** Undefined, and counted, when the claimed identity is not registered on this connection. */
export function senderOf(app: Application, request: Incoming): BindingRow | undefined {
  const aor = aorOf(headerValue(request, 'From') ?? '');
  const found = app.bindings.bySource(request.source, request.transport).find((row) => row.aor === aor);
  if (found === undefined) {
    app.counters.identities_refused += 1;
    app.world.log.debug(
      { source: addressOf(request.source), method: request.method },
      'request of an unknown phone',
    );
  }
  return found;
}
