/** Provisional responses that must arrive, RFC 3262: numbered, repeated until their PRACK comes. */
import { hasOptionTag, headerValue, tagOf, type Essentials } from '../../protocol/sip-headers.ts';
import { encodeSipMessage, type SipRequest, type SipResponse } from '../../protocol/sip-message.ts';
import { hasRoom } from './branches.ts';
import type { Dialog } from './dialog.ts';
import type { Flow } from './flow.ts';
import { repeatAnswer } from './repetition.ts';
import { t1 } from './timer-values.ts';
import type { TimerQueue } from './timers.ts';

/** What the application marks by `Require: 100rel`. */
export function isReliableProvisional({ status, headers }: SipResponse): boolean {
  return status > 100 && status < 200 && hasOptionTag({ headers }, 'Require', '100rel');
}

/** Undefined: send it. */
export function reliableRefusal(request: SipRequest, dialog: Dialog | undefined): string | undefined {
  if (request.method !== 'INVITE') return 'only INVITE has reliable provisional responses';
  if (!hasOptionTag(request, 'Supported', '100rel') && !hasOptionTag(request, 'Require', '100rel'))
    return 'the peer does not support 100rel';
  return dialog?.unacknowledgedProvisional === undefined
    ? undefined
    : 'the last reliable response is not acknowledged yet';
}

/** With the next number of its dialog. */
export function numbered(response: SipResponse, dialog: Dialog | undefined): SipResponse {
  const rseq = (dialog?.lastRseq ?? 0) + 1;
  return { ...response, headers: [...response.headers, { name: 'RSeq', value: String(rseq) }] };
}

const ofReliable = new Set(['RSeq', 'Require', 'Content-Type']);

/** The status alone, for a response that arrived and has nothing new to say: plain, unless the caller wants all of them to arrive. */
export function withoutReliability(request: SipRequest, response: SipResponse): SipResponse {
  if (!isReliableProvisional(response)) return response;
  const headers = response.headers.filter(({ name }) => !ofReliable.has(name));
  const required = hasOptionTag(request, 'Require', '100rel') ? [{ name: 'Require', value: '100rel' }] : [];
  return { ...response, headers: [...headers, ...required], body: new Uint8Array() };
}

/** `onTimeout` is called after 64*T1: the INVITE is to be refused then (section 3). */
export function repeatProvisional(
  {
    dialog,
    flow,
    timers,
    cseq,
    response,
  }: { dialog: Dialog; flow: Flow; timers: TimerQueue; cseq: number; response: SipResponse },
  onTimeout: () => void,
): void {
  dialog.lastRseq = Number(headerValue(response, 'RSeq'));
  const bytes = encodeSipMessage(response);
  const { stop } = repeatAnswer({ timers, flow, bytes, longestMs: Infinity }, () => {
    dialog.unacknowledgedProvisional = undefined;
    onTimeout();
  });
  dialog.unacknowledgedProvisional = { rack: `${dialog.lastRseq} ${cseq} INVITE`, stop };
}

/** True when the PRACK is for the response that waits, which is not repeated any more then. */
export function isAcknowledgedBy(prack: SipRequest, dialog: Dialog): boolean {
  const waiting = dialog.unacknowledgedProvisional;
  if (waiting === undefined || rackOf(prack) !== waiting.rack) return false;
  waiting.stop();
  dialog.unacknowledgedProvisional = undefined;
  return true;
}

/** It was asked for credentials, and comes again with them. */
export function awaitPrackAgain(prack: SipRequest, dialog: Dialog): void {
  dialog.unacknowledgedProvisional ??= { rack: rackOf(prack), stop: () => undefined };
}

/**
 * Section 3: an INVITE that has its final answer may still have a provisional one under way, whose PRACK is to be taken. Nobody else
 * has to hear of it.
 */
export class LatePracks {
  readonly #timers: TimerQueue;
  readonly #awaited = new Set<string>();

  constructor(timers: TimerQueue) {
    this.#timers = timers;
  }

  /** The response is not repeated any more. */
  expect(dialog: Dialog): void {
    const waiting = dialog.unacknowledgedProvisional;
    if (waiting === undefined) return;
    waiting.stop();
    dialog.unacknowledgedProvisional = undefined;
    const key = `${dialog.callId} ${dialog.localTag} ${waiting.rack}`;
    this.#awaited.add(key);
    this.#timers.after(64 * t1, () => this.#awaited.delete(key));
  }

  /** True once. */
  takes(prack: SipRequest, { callId, toTag }: Essentials): boolean {
    return this.#awaited.delete(`${callId} ${toTag ?? ''} ${rackOf(prack)}`);
  }
}

/**
 * Section 4, for a response that came: false for one that came before, or before its turn, or from nobody, which gets no PRACK and
 * goes no further. Each branch of a fork counts for itself.
 */
export function isNextInOrder(response: SipResponse, dialog: Dialog | undefined): boolean {
  const tag = tagOf(headerValue(response, 'To') ?? '');
  const rseq = rseqOf(response);
  if (tag === undefined || !Number.isInteger(rseq)) return false;
  if (dialog === undefined) return true;
  const isNew = dialog.remoteTag !== tag && !dialog.branches.has(tag);
  const before = dialog.remoteTag === tag ? dialog.rseq : dialog.branches.get(tag)?.rseq;
  return before === undefined ? !isNew || hasRoom(dialog) : rseq === before + 1;
}

export function rseqOf(response: SipResponse): number {
  return Number(headerValue(response, 'RSeq'));
}

function rackOf(prack: SipRequest): string {
  return (headerValue(prack, 'RAck') ?? '').trim().replaceAll(/\s+/g, ' ');
}
