/**
 * Whether whoever calls for help over UDP is where the datagram says: he is when he answers something that was sent there. Nothing of the
 * call waits for it. Until then little of its sound goes there, and its calls count as nobody's.
 */
import { addressOf, phoneRoute, type Application } from '../application.ts';
import type { LiveCall } from '../call-table.ts';
import type { Incoming } from '../srf.ts';

/** A question that every phone answers, be it with a refusal (RFC 3261 section 11). Never throws. */
export async function askCaller(app: Application, request: Incoming, call: LiveCall): Promise<void> {
  if (call.rescue?.isProven !== false) return;
  try {
    const sent = await app.server.send({
      method: 'OPTIONS',
      uri: `sip:${request.source}`,
      route: phoneRoute(request),
      headers: [
        { name: 'From', value: `<sip:gatehouse@${app.config.site.address}>` },
        { name: 'To', value: `<sip:${addressOf(request.source)}>` },
      ],
    });
    const { localCause } = await sent.final;
    if (localCause === undefined) await proveCaller(app, call);
  } catch (error) {
    app.counters.errors += 1;
    app.world.log.error({ err: error, call: call.id }, 'a caller for help could not be asked');
  }
}

/** He has answered: with what only he could know that hears what is sent there. */
export async function proveCaller({ counters }: Application, { rescue, media }: LiveCall): Promise<void> {
  if (rescue?.isProven !== false) return;
  counters.emergency_callers_proven += 1;
  await media.proven();
}
