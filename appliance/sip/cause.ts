/** What the network behind the far end says of why, beside the status: a Q.850 cause in a Reason field (RFC 3326). Pure. */
import { listValues } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { param, parseParams } from '../protocol/sip-uri.ts';

/** `480 Not here` as `480 Not here (Q.850 20)`; normal clearing, 16, is nothing to tell. */
export function withCause(reason: string, headers: readonly SipHeader[]): string {
  const value = listValues({ headers }, 'Reason').find((one) => /^Q\.850[ \t]*;/i.test(one)) ?? ';';
  const cause = param(parseParams(value.slice(value.indexOf(';'))), 'cause') ?? '';
  return /^\d{1,3}$/.test(cause) && cause !== '16' ? `${reason} (Q.850 ${cause})` : reason;
}
