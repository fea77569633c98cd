/** The far ends of one INVITE: until one of them answers, each that rings has a dialog of its own (RFC 3261 section 12.1). */
import { headerValue, tagOf } from '../../protocol/sip-headers.ts';
import type { SipRequest } from '../../protocol/sip-message.ts';
import type { Dialog } from './dialog.ts';

export interface FarEnd {
  /** As in From or To, with the tag. */
  remoteAddress: string;
  remoteTag: string;
  remoteTarget: string;
  routes: readonly string[];
  /** Of its last request. */
  remoteCseq: number | undefined;
  /** Of its last provisional response that wanted a PRACK (RFC 3262). */
  rseq: number | undefined;
  /** UPDATEs that have no final answer yet: of ours those with an offer, of theirs all (RFC 3311 section 5.2). */
  readonly openUpdates: { ours: number; theirs: number };
}

export function newFarEnd(): Pick<FarEnd, 'remoteCseq' | 'rseq' | 'openUpdates'> {
  return { remoteCseq: undefined, rseq: undefined, openUpdates: { ours: 0, theirs: 0 } };
}

/** Of one call; more is an attack. */
const most = 32;

export function hasRoom({ branches }: Dialog): boolean {
  return branches.size + 1 < most;
}

/** From now on it is the dialog of that far end. What is known of the one before is kept. */
export function turnTo(dialog: Dialog, tag: string): void {
  const { branches, remoteAddress, remoteTag, remoteTarget, routes, remoteCseq, rseq, openUpdates } = dialog;
  if (tag === remoteTag) return;
  const known = branches.get(tag) ?? newFarEnd();
  branches.delete(tag);
  const before = { remoteAddress, remoteTag, remoteTarget, routes, remoteCseq, rseq, openUpdates };
  if (hasRoom(dialog)) branches.set(remoteTag, before);
  Object.assign(dialog, known, { remoteTag: tag });
}

/** Undefined: nobody in it has that tag, or not any more, since another one has answered. */
export function farEnd(dialog: Dialog, tag: string | undefined): FarEnd | undefined {
  return dialog.isConfirmed && dialog.remoteTag !== (tag ?? '') ? undefined : everRang(dialog, tag);
}

/** Also when it has no part in the call any more. */
export function everRang(dialog: Dialog, tag: string | undefined): FarEnd | undefined {
  return dialog.remoteTag === (tag ?? '') ? dialog : dialog.branches.get(tag ?? '');
}

/** To whom a request of ours goes: the one that its To names. A PRACK may be late. */
export function farEndFor(given: SipRequest, dialog: Dialog): FarEnd {
  const to = headerValue(given, 'To');
  if (to === undefined || (dialog.isConfirmed && given.method !== 'PRACK')) return dialog;
  return dialog.branches.get(tagOf(to) ?? '') ?? dialog;
}

/** An INVITE in the dialog begins: what is said to it is counted anew. */
export function beginInvite(dialog: Dialog): void {
  dialog.openInvite = 'ours';
  dialog.rseq = undefined;
  dialog.branches.clear();
}
