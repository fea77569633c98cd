/** Keys of a session's legs: SRTP of one made RTP for the other and back, and reports read where packets cross untouched. */
import type { LegName } from '../protocol/media-control.ts';
import type { LegKeys } from '../protocol/media-description.ts';
import type { SdesKey } from '../protocol/sdp-crypto.ts';
import { newSrtpReceiver, newSrtpSender, type Srtp, type SrtpKey, type SrtpReceiver } from './srtp.ts';

export interface SrtpLegs {
  setKeys(leg: LegName, keys: LegKeys | undefined): void;
  /** Whether packets are made anew: such a session can't be left to the kernel. */
  isBridge(): boolean;
  /** A packet from this leg in clear, where the box ends SRTP, else as it came; undefined: not genuine. */
  open(from: LegName, kind: 'rtp' | 'rtcp', packet: Uint8Array): Uint8Array | undefined;
  /** What goes to this leg, encrypted where the box has keys with it. */
  seal(to: LegName, kind: 'rtp' | 'rtcp', packet: Uint8Array): Uint8Array | undefined;
  /** A report from this leg that was opened, in clear although it crosses untouched; undefined when it can't be read. */
  read(from: LegName, report: Uint8Array): Uint8Array | undefined;
}

interface Leg {
  /** Undefined: nothing is encrypted now. */
  keys: LegKeys | undefined;
  /** Keys may come back, as after a fax: who began anew with them would use their keystream twice, and not be heard. */
  last: LegKeys | undefined;
  receiver: SrtpReceiver | undefined;
  /** Of the keys before: its packets are on their way until the first of the new ones is there (RFC 4568 section 7.1.4). */
  old: Srtp | undefined;
  sender: Srtp | undefined;
}

export function newSrtpLegs(): SrtpLegs {
  const legs: Record<LegName, Leg> = { phone: newLeg(), cloud: newLeg() };
  return {
    setKeys: (leg, keys) => setKeys(legs[leg], keys),
    isBridge: () => isBridged(legs.phone) || isBridged(legs.cloud),
    open: (from, kind, packet) => (isBridged(legs[from]) ? receive(legs[from], kind, packet) : packet),
    seal: (to, kind, packet) => (isBridged(legs[to]) ? legs[to].sender?.[kind](packet) : packet),
    read: (from, report) => {
      if (legs[from].keys === undefined || isBridged(legs[from])) return report;
      return receive(legs[from], 'rtcp', new Uint8Array(report));
    },
  };
}

function newLeg(): Leg {
  return { keys: undefined, last: undefined, receiver: undefined, old: undefined, sender: undefined };
}

/** The box has keys of its own with this leg. */
function isBridged({ keys }: Leg): boolean {
  return keys?.send !== undefined;
}

/** The same keys again change nothing. */
function setKeys(leg: Leg, keys: LegKeys | undefined): void {
  leg.keys = keys;
  if (keys === undefined) return;
  const { last } = leg;
  leg.last = keys;
  if (!isSame(last?.receive, keys.receive)) {
    leg.old = leg.receiver;
    leg.receiver = newSrtpReceiver(keyOf(keys.receive), leg.receiver?.highest());
  }
  if (keys.send !== undefined && !isSame(last?.send, keys.send)) {
    leg.sender = newSrtpSender(keyOf(keys.send));
  }
}

function receive(leg: Leg, kind: keyof Srtp, packet: Uint8Array): Uint8Array | undefined {
  const clear = leg.receiver?.[kind](packet);
  if (clear === undefined) return leg.old?.[kind](packet);
  if (kind === 'rtp') leg.old = undefined;
  return clear;
}

function keyOf({ suite, inline }: SdesKey): SrtpKey {
  return { suite, master: new Uint8Array(Buffer.from(inline, 'base64')) };
}

function isSame(a: SdesKey | undefined, b: SdesKey | undefined): boolean {
  return a?.suite === b?.suite && a?.inline === b?.inline;
}
