/** Whether an INVITE is carried, and for which phone. No socket, no clock, no store. */
import { DecodeError } from '../protocol/bytes.ts';
import { headerValue, listValues, parseNameAddress } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { parseSipUri } from '../protocol/sip-uri.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { HelpKind } from './emergency.ts';
import { aorOf } from './registrations.ts';

export type Admission =
  | {
      readonly kind: 'relay';
      readonly binding: BindingRow;
      readonly isEmergency: boolean;
      /** It is one for help, or a test of it. */
      readonly help?: HelpKind | undefined;
    }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly reason: string;
      /** The identity that was claimed and isn't the sender's. */
      readonly claimed?: string;
    };

export interface CallRequest {
  readonly uri: string;
  readonly headers: readonly SipHeader[];
}

export interface Load {
  readonly total: number;
  ofPhone(token: string): number;
  /** Emergency services may call it back: no limit holds for it. */
  isFree(binding: BindingRow): boolean;
}

export const callLimits = { total: 300, ofPhone: 8 } as const;

/**
 * From a phone: the caller must be who is registered on this very connection. For help it is enough that the phone at this
 * address is registered at all. `own` are the bindings of the connection, `near` those of the same address.
 */
export function admitFromPhone(
  request: CallRequest & { readonly help: HelpKind | undefined },
  { own, near }: { own: readonly BindingRow[]; near: readonly BindingRow[] },
  load: Load,
): Admission {
  const { help } = request;
  const emergency = help === 'help';
  const claimed = emergency ? claimedForHelp(request) : aorOf(headerValue(request, 'From') ?? '');
  const found = own.find((row) => row.aor === claimed);
  const binding =
    found ?? (emergency ? (near.find((row) => row.aor === claimed) ?? own[0] ?? near[0]) : undefined);
  if (binding === undefined) return { kind: 'refuse', status: 403, reason: 'Not registered here', claimed };
  if (emergency) return { kind: 'relay', binding, isEmergency: true, help };
  const admission = withinLimits(binding, load);
  return admission.kind === 'relay' ? { ...admission, help } : admission;
}

/** Empty when it names nobody: without an account some phones write `<sip:ADDRESS>`, and `tel:` is allowed there too. */
function claimedForHelp(request: CallRequest): string {
  try {
    return aorOf(headerValue(request, 'From') ?? '');
  } catch (error) {
    if (error instanceof DecodeError) return '';
    throw error;
  }
}

/** From a registrar: on the connection that we opened for one phone, and only to that phone. */
export function admitFromCloud(request: CallRequest, onFlow: readonly BindingRow[], load: Load): Admission {
  const { user } = parseSipUri(request.uri);
  const binding = onFlow.find((row) => row.token === user);
  if (binding === undefined) return { kind: 'refuse', status: 404, reason: 'Not Found' };
  return load.isFree(binding) ? { kind: 'relay', binding, isEmergency: false } : withinLimits(binding, load);
}

/** Fields in which a phone says who it is, beside From. */
const identityFields = new Set(['p-asserted-identity', 'p-preferred-identity', 'remote-party-id']);

/** Without claims to be somebody else; the number alone may be told as `tel:`. */
export function ownIdentities(
  headers: readonly SipHeader[],
  aor: string,
): { kept: SipHeader[]; foreign: string[] } {
  const foreign: string[] = [];
  const kept = headers.filter((header) => {
    if (!identityFields.has(header.name.toLowerCase())) return true;
    const isOwn = listValues({ headers: [header] }, header.name).every((value) => isOwnIdentity(value, aor));
    if (!isOwn) foreign.push(header.value);
    return isOwn;
  });
  return { kept, foreign };
}

/** What can't be read is nobody's: no call, least of all one for help, fails for it. */
function isOwnIdentity(value: string, aor: string): boolean {
  try {
    return isIdentity(value, aor);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function isIdentity(value: string, aor: string): boolean {
  const { uri } = parseNameAddress(value);
  const [user = '', host = ''] = aor.split('@');
  if (uri.toLowerCase().startsWith('tel:')) return uri.slice(4).split(';')[0] === user;
  const parsed = parseSipUri(uri);
  return parsed.user === user && parsed.host === host;
}

function withinLimits(binding: BindingRow, load: Load): Admission {
  if (load.total >= callLimits.total || load.ofPhone(binding.token) >= callLimits.ofPhone) {
    return { kind: 'refuse', status: 486, reason: 'Too many calls' };
  }
  return { kind: 'relay', binding, isEmergency: false };
}
