/** Senders of one direction and one master key by their SSRC: which index each packet has, RFC 3711 section 3.3.1. No clock. */
import {
  isFresh,
  isTooOld,
  markSeen,
  mostRtpIndex,
  newReplayWindow,
  packetIndex,
  type ReplayWindow,
} from '../protocol/srtp.ts';

export interface SrtpSender {
  readonly window: ReplayWindow;
  /** Added to its sequence numbers since it began anew. */
  shift: number;
  /** Which number would show that it began anew. -1: none. */
  restartAt: number;
}

export interface SrtpSenders {
  /** The one that is known, or a new one. Undefined: there were too many. */
  (ssrc: number): SrtpSender | undefined;
  known(ssrc: number): SrtpSender | undefined;
  /** Of those that were heard last. */
  highest(): [ssrc: number, index: number][];
}

/** A call has two or three at a time. */
const mostSenders = 64;
/** Of those before them it is kept how far they were: a keystream must not be used twice. One takes some ten bytes. */
const mostRetired = 10_000;

export function newSenders(): SrtpSenders {
  const senders = new Map<number, SrtpSender>();
  const retired = new Map<number, { highest: number; shift: number }>();
  const retireOldest = () => {
    const [oldest] = senders;
    if (oldest === undefined) return;
    const [ssrc, { window, shift }] = oldest;
    senders.delete(ssrc);
    retired.set(ssrc, { highest: window.highest, shift });
  };
  const known = (ssrc: number): SrtpSender | undefined => {
    const before = retired.get(ssrc);
    return (
      senders.get(ssrc) ??
      (before && { window: newReplayWindow(before.highest), shift: before.shift, restartAt: -1 })
    );
  };
  const find = (ssrc: number) => {
    const there = senders.get(ssrc);
    if (there !== undefined) return there;
    const sender = known(ssrc) ?? { window: newReplayWindow(), shift: 0, restartAt: -1 };
    if (!retired.delete(ssrc) && retired.size >= mostRetired) return undefined;
    if (senders.size >= mostSenders) retireOldest();
    senders.set(ssrc, sender);
    return sender;
  };
  return Object.assign(find, {
    known,
    highest: () => Array.from(senders, ([ssrc, { window }]): [number, number] => [ssrc, window.highest]),
  });
}

/**
 * The index of the next packet to encrypt. Undefined: it was there, or is too old to be told from one that was. Two packets in a row
 * that are too old are of a sender that began anew (RFC 3550 appendix A.1): it goes on behind the highest, where receivers expect it.
 */
export function nextIndex(sender: SrtpSender, sequence: number): number | undefined {
  const { window } = sender;
  let index = packetIndex((sequence + sender.shift) % 65_536, window.highest);
  if (isTooOld(window, index)) {
    if (sequence !== sender.restartAt) {
      sender.restartAt = (sequence + 1) % 65_536;
      return undefined;
    }
    index = window.highest + 1;
    sender.shift = (index - sequence) & 0xff_ff;
  }
  if (!isFresh(window, index) || index > mostRtpIndex) return undefined;
  sender.restartAt = -1;
  markSeen(window, index);
  return index;
}
