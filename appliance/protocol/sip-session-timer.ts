/** The fields of session timers, RFC 4028 sections 4 and 5. */
import { hasOptionTag } from './sip-headers.ts';
import type { SipHeader } from './sip-message.ts';

/** No interval may be asked for that is shorter. */
export const leastSessionSeconds = 90;

export interface SessionExpires {
  readonly seconds: number;
  /** Of the request that the field is in, or answers. Undefined: nobody yet. */
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** Undefined for what isn't one: then there is no timer. */
export function parseSessionExpires(value: string | undefined): SessionExpires | undefined {
  const [seconds = '', ...params] = (value ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (!isSeconds(seconds)) return undefined;
  const named = params.map((param) => /^refresher\s*=\s*(uac|uas)$/.exec(param)?.[1]).find(Boolean);
  return { seconds: Number(seconds), refresher: named as SessionExpires['refresher'] };
}

export function formatSessionExpires({ seconds, refresher }: SessionExpires): string {
  return refresher === undefined ? String(seconds) : `${seconds};refresher=${refresher}`;
}

/** Longer than any call, nearly. */
const plentySeconds = 86_400;

/** What a 422 asks for at least. Whoever doesn't say, as it must (section 6), gets plenty: its 2xx may shorten it (section 9). */
export function longerInterval(minSe: string | undefined): number {
  const [seconds = ''] = (minSe ?? '').split(';');
  return isSeconds(seconds.trim()) ? Number(seconds.trim()) : plentySeconds;
}

/** Whether its sender knows session timers; a proxy may have put the other fields there. */
export function supportsTimer(message: { readonly headers: readonly SipHeader[] }): boolean {
  return hasOptionTag(message, 'Supported', 'timer') || hasOptionTag(message, 'Require', 'timer');
}

/** More would be no timer any more. */
function isSeconds(value: string): boolean {
  return /^\d{1,9}$/.test(value);
}
