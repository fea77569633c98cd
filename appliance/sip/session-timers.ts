/**
 * Session timers (RFC 4028): agreed on with the far end of each leg alone, whatever the other one wants; the engine keeps the time.
 * A call for help has none: nothing of ours may end it.
 */
import type { LegName } from '../protocol/media-control.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import {
  formatSessionExpires,
  leastSessionSeconds,
  longerInterval,
  parseSessionExpires,
  supportsTimer,
} from '../protocol/sip-session-timer.ts';
import type { Application } from './application.ts';
import type { LiveCall } from './call-table.ts';
import type { Answer, Incoming, Listeners, Outgoing, Received, Sent } from './srf.ts';

/** What section 4 advises. */
const usualSeconds = 1800;

/**
 * Goes with an INVITE that begins a leg. The cloud is asked to refresh: it may challenge whoever does, and only the phone could
 * answer that. Phones are left to choose.
 */
export function sessionOffer(
  { sessionSeconds }: Pick<Application, 'sessionSeconds'>,
  { isEmergency, binding }: Pick<LiveCall, 'isEmergency' | 'binding'>,
  toward: LegName,
): SipHeader[] {
  if (isEmergency) return [];
  const seconds = toward === 'cloud' ? (sessionSeconds.get(binding.registrar) ?? usualSeconds) : usualSeconds;
  const refresher = toward === 'cloud' ? 'uas' : undefined;
  return [{ name: 'Supported', value: 'timer' }, ...interval(seconds, refresher)];
}

/** A 2xx to an INVITE or UPDATE. Who only carries what a proxy wants can't refresh: then it is for us (table 2). */
export function answerInSession(
  given: Answer,
  request: Pick<Incoming, 'headers'>,
  { isEmergency }: Pick<LiveCall, 'isEmergency'>,
): Answer {
  const asked = parseSessionExpires(headerValue(request, 'Session-Expires'));
  if (asked === undefined || isEmergency) return given;
  const isKnown = supportsTimer(request);
  const refresher = isKnown ? (asked.refresher ?? 'uac') : 'uas';
  const value = formatSessionExpires({ seconds: asked.seconds, refresher });
  const require = isKnown ? [{ name: 'Require', value: 'timer' }] : [];
  return { ...given, headers: [...(given.headers ?? []), ...require, { name: 'Session-Expires', value }] };
}

/** An UPDATE that changes nothing: the other leg, which may know no UPDATE, has no part in it. */
export function isRefresh({ method, body, headers }: Incoming): boolean {
  return method === 'UPDATE' && body === '' && headerValue({ headers }, 'Session-Expires') !== undefined;
}

/** Sends an INVITE, and once more where the far end wants a longer interval (422, section 7.3). `onLonger` hears of which. */
export async function sendInvite(
  { server }: Pick<Application, 'server'>,
  invite: Outgoing,
  { onLonger, ...listeners }: Listeners & { readonly onLonger?: (seconds: number) => void },
): Promise<Sent> {
  let current = await server.send(invite, listeners);
  let isCancelled = false;
  const again = async () => {
    const first = await current.final;
    const longer = longerAsked(invite, first);
    if (longer === undefined || isCancelled) return first;
    onLonger?.(longer.seconds);
    current = await server.send(withInterval(invite, longer), listeners);
    if (isCancelled) current.cancel();
    return await current.final;
  };
  const final = again();
  final.catch(() => undefined);
  return {
    localAddress: current.localAddress,
    final,
    cancel: (headers) => {
      isCancelled = true;
      current.cancel(headers);
    },
  };
}

/**
 * Sends what belongs to a call that is up; a re-INVITE or an UPDATE once more where the far end wants a longer interval: the engine,
 * which names it, knows by then. The other leg has an interval of its own, and couldn't say what is enough.
 */
export async function sendInCall(
  { server }: Pick<Application, 'server'>,
  request: Outgoing,
  listeners: Pick<Listeners, 'onSent'> & Pick<Incoming, 'onCancel'>,
): Promise<Received> {
  let current = await server.send(request, listeners);
  let isCancelled = false;
  listeners.onCancel(() => {
    isCancelled = true;
    current.cancel();
  });
  const first = await current.final;
  const isChange = request.method === 'INVITE' || request.method === 'UPDATE';
  if (first.status !== 422 || !isChange || isCancelled) return first;
  current = await server.send(request);
  if (isCancelled) current.cancel();
  return await current.final;
}

/** Undefined: it is no 422, or one that asks for what it had. */
function longerAsked(invite: Outgoing, { status, headers }: Received): Longer | undefined {
  if (status !== 422) return undefined;
  const asked = parseSessionExpires(headerValue(invite, 'Session-Expires'));
  const named = headerValue({ headers }, 'Min-SE');
  const seconds = longerInterval(named);
  if (asked === undefined || seconds <= asked.seconds) return undefined;
  return { seconds, least: named === undefined ? leastSessionSeconds : seconds };
}

interface Longer {
  readonly seconds: number;
  /** What its 2xx may not go below. */
  readonly least: number;
}

/** Of the same dialog-to-be, with the next number where it has one (RFC 3261 section 22.2 does the same). */
function withInterval(invite: Outgoing, { seconds, least }: Longer): Outgoing {
  const refresher = parseSessionExpires(headerValue(invite, 'Session-Expires'))?.refresher;
  const kept = invite.headers.filter(({ name }) => name !== 'Session-Expires' && name !== 'Min-SE');
  const headers = kept.map(({ name, value }) =>
    name === 'CSeq'
      ? { name, value: value.replace(/\d+/, (number) => String(Number(number) + 1)) }
      : { name, value },
  );
  return { ...invite, headers: [...headers, ...interval(seconds, refresher, least)] };
}

function interval(
  seconds: number,
  refresher: 'uac' | 'uas' | undefined,
  least = leastSessionSeconds,
): SipHeader[] {
  return [
    { name: 'Session-Expires', value: formatSessionExpires({ seconds, refresher }) },
    { name: 'Min-SE', value: String(least) },
  ];
}
