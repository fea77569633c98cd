/** Provisional responses that must arrive (RFC 3262): who of a call's ends can have them, and how. All functions are pure. */
import { hasOptionTag, headerValue, tagOf } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { LiveCall } from './call-table.ts';
import { gatewayToken } from './gateway/gateway.ts';
import type { Attempt } from './outgoing-invite.ts';
import type { Outgoing, Received } from './srf.ts';

const extension = '100rel';

type Headed = { readonly headers: readonly SipHeader[] };

/** What its INVITE says. */
export function callersReliability(invite: Headed): 'required' | 'supported' | 'none' {
  if (hasOptionTag(invite, 'Require', extension)) return 'required';
  return hasOptionTag(invite, 'Supported', extension) ? 'supported' : 'none';
}

/** It wants a PRACK. */
export function isReliable(response: Received): boolean {
  const { status, dialogId } = response;
  const isMarked =
    hasOptionTag(response, 'Require', extension) && headerValue(response, 'RSeq') !== undefined;
  return status > 100 && status < 200 && dialogId !== undefined && isMarked;
}

/** RAck, and the To that says which branch of a fork is meant. */
export function prackHeaders(response: Headed): SipHeader[] {
  const cseq = (headerValue(response, 'CSeq') ?? '').replaceAll(/\s+/g, ' ');
  return [
    { name: 'RAck', value: `${headerValue(response, 'RSeq') ?? ''} ${cseq}` },
    { name: 'To', value: headerValue(response, 'To') ?? '' },
  ];
}

export function branchOf(response: Headed): string {
  return tagOf(headerValue(response, 'To') ?? '') ?? '';
}

/**
 * Whether descriptions may be agreed on before somebody answers. Not where several far ends may be asked, one after another, each
 * with media of its own; nor in a call for help, which a PRACK that doesn't come would end.
 */
export function mayAgreeEarly({ call, caller }: Pick<Attempt, 'call' | 'caller'>): boolean {
  return !call.isEmergency && !isCallback(call, caller);
}

function isCallback({ callee }: Pick<LiveCall, 'callee'>, caller: Attempt['caller']): boolean {
  return caller === 'cloud' && callee?.token === gatewayToken;
}

/**
 * The INVITE, with our word that we know PRACK. What has no offer gets one in the first response that must arrive (section 5), which only
 * a caller that knows PRACK can answer.
 */
export function withReliability(attempt: Attempt, invite: Outgoing): Outgoing {
  const isAnswerable = invite.body !== undefined || callersReliability(attempt.request) !== 'none';
  if (!isAnswerable || !mayAgreeEarly(attempt)) return invite;
  const allow = invite.headers.some(({ name }) => name === 'Allow')
    ? [{ name: 'Allow', value: 'PRACK' }]
    : [];
  return { ...invite, headers: [...invite.headers, { name: 'Supported', value: extension }, ...allow] };
}

export const required: SipHeader = { name: 'Require', value: extension };

/** How a provisional response of the callee's goes to the caller, if at all. */
export function wayToCaller({
  caller,
  isCallees,
  hasDescription,
  isAwaitingOffer,
}: {
  readonly caller: ReturnType<typeof callersReliability>;
  /** The callee wants a PRACK for it. */
  readonly isCallees: boolean;
  readonly hasDescription: boolean;
  /** The INVITE had no offer, and there has been none since. */
  readonly isAwaitingOffer: boolean;
}): 'reliable' | 'plain' | 'none' {
  if (caller === 'none') return 'plain';
  // The first one that must arrive has to make the offer (section 5), and nobody else can make it for the callee.
  if (isAwaitingOffer && !(isCallees && hasDescription)) return caller === 'required' ? 'none' : 'plain';
  return caller === 'required' || isCallees ? 'reliable' : 'plain';
}
