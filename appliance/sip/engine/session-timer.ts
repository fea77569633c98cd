/** Session timers, RFC 4028: an INVITE dialog ends unless an INVITE or UPDATE in it succeeds now and then. */
import { headerValue } from '../../protocol/sip-headers.ts';
import type { SipHeader, SipRequest, SipResponse } from '../../protocol/sip-message.ts';
import {
  formatSessionExpires,
  leastSessionSeconds,
  longerInterval,
  parseSessionExpires,
  supportsTimer,
} from '../../protocol/sip-session-timer.ts';
import { plainResponse } from './compose.ts';
import type { Core } from './core.ts';
import type { Dialog } from './dialog.ts';
import type { Timer } from './timers.ts';

export interface Session {
  seconds: number;
  /** What was asked for in a 422 (section 7.4). */
  leastSeconds?: number | undefined;
  readonly isRefreshedByUs: boolean;
  readonly end: Timer;
  refresh: Timer | undefined;
}

/** `refresh`: by us, now. `end`: nobody refreshed in time. */
export type SessionDue = 'refresh' | 'end';

const refreshing: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);

/** Section 9: what asks for less than the RFC allows is refused, where the sender knows what that means. */
export function refusedInterval(request: SipRequest): SipResponse | undefined {
  if (!refreshing.has(request.method)) return undefined;
  const asked = parseSessionExpires(headerValue(request, 'Session-Expires'));
  if (asked === undefined || asked.seconds >= leastSessionSeconds || !supportsTimer(request))
    return undefined;
  return plainResponse(422, 'Session Interval Too Small', [minSe(leastSessionSeconds)]);
}

/**
 * A 2xx to a request that refreshes begins the time anew, or ends the timer by not naming one (section 7.2). `role` is ours for that
 * request. Without a refresher in it nobody has promised anything, so nothing is awaited; nor in a call that ended meanwhile.
 */
export function renewSession(
  core: Core,
  dialog: Dialog,
  { request, response, role }: { request: SipRequest; response: SipResponse; role: 'uac' | 'uas' },
): void {
  if (dialog.kind !== 'INVITE' || !refreshing.has(request.method)) return;
  const { leastSeconds } = dialog.session ?? {};
  stopSession(dialog);
  const agreed = parseSessionExpires(headerValue(response, 'Session-Expires'));
  const hasEnded = core.dialogs.byId(dialog.id) !== dialog;
  if (agreed?.refresher === undefined || hasEnded) return;
  const seconds = Math.max(agreed.seconds, leastSessionSeconds);
  beginSession(core, dialog, { seconds, isRefreshedByUs: agreed.refresher === role, leastSeconds });
}

/** `refreshSeconds`: until we refresh, where that is ours to do. */
export function beginSession(
  core: Core,
  dialog: Dialog,
  {
    seconds,
    isRefreshedByUs,
    leastSeconds,
    refreshSeconds = seconds / 2,
  }: Pick<Session, 'seconds' | 'isRefreshedByUs' | 'leastSeconds'> & { readonly refreshSeconds?: number },
): void {
  const after = (wait: number, due: SessionDue) =>
    core.timers.after(wait * 1000, () => core.onSession(dialog, due));
  dialog.session = {
    seconds,
    leastSeconds,
    isRefreshedByUs,
    // Section 10.
    end: after(seconds - Math.min(32, seconds / 3), 'end'),
    refresh: isRefreshedByUs ? after(refreshSeconds, 'refresh') : undefined,
  };
}

/** A refresh could not be sent, or found no favour: as long as there is time it is tried again. */
export function refreshLater(core: Core, dialog: Dialog, ms: number): void {
  const { session } = dialog;
  if (session === undefined) return;
  session.refresh?.cancel();
  session.refresh = core.timers.after(ms, () => core.onSession(dialog, 'refresh'));
}

export function stopSession(dialog: Dialog): void {
  dialog.session?.end.cancel();
  dialog.session?.refresh?.cancel();
  dialog.session = undefined;
}

/** A request of the application goes on with what was agreed (section 7.4). */
export function inSession(given: SipRequest, { session }: Dialog): SipRequest {
  const isNamed = headerValue(given, 'Session-Expires') !== undefined;
  if (session === undefined || isNamed || !refreshing.has(given.method)) return given;
  return { ...given, headers: [...given.headers, ...sessionFields(session)] };
}

/** Of our own: an UPDATE says least, and an INVITE repeats the description that stands. */
export function refreshRequest({ session, allowsUpdate, description }: Dialog): SipRequest {
  const isUpdate = allowsUpdate || description === undefined;
  return {
    method: isUpdate ? 'UPDATE' : 'INVITE',
    uri: 'sip:placeholder',
    headers: session === undefined ? [] : sessionFields(session),
    body: isUpdate ? new Uint8Array() : description,
  };
}

/** The far end wants a longer interval: whoever asks next names that one. */
export function raiseInterval({ session }: Dialog, request: SipRequest, response: SipResponse): void {
  if (session === undefined || response.status !== 422 || !refreshing.has(request.method)) return;
  const named = headerValue(response, 'Min-SE');
  const least = longerInterval(named);
  if (least <= session.seconds) return;
  session.seconds = least;
  if (named !== undefined) session.leastSeconds = least;
}

/** Whether it is worth while to ask again with what is named now. */
export function isRaised(request: SipRequest, response: SipResponse, { session }: Dialog): boolean {
  const asked = parseSessionExpires(headerValue(request, 'Session-Expires'));
  return response.status === 422 && asked !== undefined && asked.seconds < (session?.seconds ?? 0);
}

function sessionFields({
  seconds,
  leastSeconds = leastSessionSeconds,
  isRefreshedByUs,
}: Session): SipHeader[] {
  const refresher = isRefreshedByUs ? 'uac' : 'uas';
  return [
    { name: 'Supported', value: 'timer' },
    { name: 'Session-Expires', value: formatSessionExpires({ seconds, refresher }) },
    minSe(leastSeconds),
  ];
}

function minSe(seconds: number): SipHeader {
  return { name: 'Min-SE', value: String(seconds) };
}
