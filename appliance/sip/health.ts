/** How SIP is doing, for status and metrics: the first thing that is wrong, and all counts. */
import type { Health } from '../world.ts';
import type { Adoption } from './adoption.ts';
import type { Application } from './application.ts';
import { gatewayToken } from './gateway/gateway.ts';
import { certificateTrouble } from './upstream-certificates.ts';

export function healthOf({
  media,
  trouble,
  bindings,
  outages,
  attached,
  gateway,
  calls,
  server,
  world,
  lists,
  mostPhones,
}: Application): Health {
  const noServer = server.engine.trouble?.();
  if (noServer !== undefined) return { state: 'degraded', reason: noServer };
  if (!media.isConnected)
    return {
      state: 'degraded',
      reason: 'media relay (rtp) not reached: calls are refused, and calls for help go out without it',
    };
  const [away] = outages.since.keys();
  if (away !== undefined) {
    const kept = bindings.all().filter(({ token }) => attached.has(token)).length;
    return {
      state: 'degraded',
      reason: `no way to the registrar ${away}: ${kept} of ${bindings.size} phones are kept here and can call each other`,
    };
  }
  const played = lists.playedUntil();
  if (played !== undefined) {
    const until = new Date(played).toISOString();
    return { state: 'degraded', reason: `an outage is played (gatehouse drill) until ${until}` };
  }
  const outside = calls.ofPhone(gatewayToken).length;
  if (outside > 0)
    return {
      state: 'degraded',
      reason: `${outside} of the calls go through the telephone gateway of this site`,
    };
  if (gateway?.trouble !== undefined)
    return { state: 'degraded', reason: `the gateway to the telephone network: ${gateway.trouble}` };
  const certificate = certificateTrouble(server.engine.certificateEnds?.() ?? new Map(), world.clock.now());
  if (certificate !== undefined) return { state: 'degraded', reason: certificate };
  const [first] = trouble;
  if (first !== undefined)
    return { state: 'degraded', reason: `registrar ${first[0]} not reached (${first[1]})` };
  if (bindings.size >= mostPhones)
    return {
      state: 'degraded',
      reason: `${bindings.size} phones are registered, as many as the box takes: no other one can register`,
    };
  const lost = bindings.all().filter(({ state }) => state !== 'registered').length;
  if (lost > 0)
    return { state: 'degraded', reason: `${lost} of ${bindings.size} phones not registered at the moment` };
  return { state: 'ok' };
}

export function countersOf(
  { counters, bindings, flows, calls, ladders, server, subscriptions }: Application,
  adoption: Adoption,
): Record<string, number> {
  const tables = {
    bindings: bindings.size,
    flows: flows.size,
    calls: calls.size,
    calls_adopted: adoption.size,
    subscriptions: subscriptions.size,
  };
  return { ...counters, ...ladders.counters(), ...tables, ...prefixed(server.engine.counters()) };
}

function prefixed(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, value]) => [`engine_${name}`, value]));
}
