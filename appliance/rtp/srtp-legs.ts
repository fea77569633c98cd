/** Keys of a session's legs: SRTP of one made RTP for the other and back, and reports read where packets cross untouched. */
import type { LegName } from '../protocol/media-control.ts';
import type { LegKeys } from '../protocol/media-description.ts';
import type { SdesKey } from '../protocol/sdp-crypto.ts';
import { newSrtpReceiver, newSrtpSender, type Srtp, type SrtpKey } from './srtp.ts';

export interface SrtpLegs {
  setKeys(leg: LegName, keys: LegKeys | undefined): void;
  /** Whether packets are made anew: such a session can't be left to the kernel. */
  readonly isBridge: boolean;
  /** A packet from this leg in clear, where the box ends SRTP, else as it came; undefined: not genuine. */
  open(from: LegName, kind: 'rtp' | 'rtcp', packet: Uint8Array): Uint8Array | undefined;
  /** What goes to this leg, encrypted where the box has keys with it. */
  seal(to: LegName, kind: 'rtp' | 'rtcp', packet: Uint8Array): Uint8Array | undefined;
  /** A report from this leg that was opened, in clear although it crosses untouched; undefined when it can't be read. */
  read(from: LegName, report: Uint8Array): Uint8Array | undefined;
}

interface Leg {
  keys: LegKeys | undefined;
  receiver: Srtp | undefined;
  /** Of the keys before: its packets are on their way until the first of the new ones is there (RFC 4568 section 7.1.4). */
  old: Srtp | undefined;
  sender: Srtp | undefined;
}

export function newSrtpLegs(): SrtpLegs {
  const legs: Record<LegName, Leg> = { phone: newLeg(), cloud: newLeg() };
  const isBridge = () => legs.phone.sender !== undefined || legs.cloud.sender !== undefined;
  return {
    setKeys: (leg, keys) => setKeys(legs[leg], keys),
    get isBridge() {
      return isBridge();
    },
    open: (from, kind, packet) =>
      legs[from].sender === undefined ? packet : receive(legs[from], kind, packet),
    seal: (to, kind, packet) => {
      const { sender } = legs[to];
      return sender === undefined ? packet : sender[kind](packet);
    },
    read: (from, report) => {
      const { receiver, sender } = legs[from];
      if (receiver === undefined || sender !== undefined) return report;
      return receive(legs[from], 'rtcp', new Uint8Array(report));
    },
  };
}

function newLeg(): Leg {
  return { keys: undefined, receiver: undefined, old: undefined, sender: undefined };
}

/** The same keys again change nothing: a sender that began anew would use its keystream twice. */
function setKeys(leg: Leg, keys: LegKeys | undefined): void {
  const before = leg.keys;
  leg.keys = keys;
  if (keys === undefined) {
    Object.assign(leg, newLeg());
    return;
  }
  if (!isSame(before?.receive, keys.receive)) {
    leg.old = leg.receiver;
    leg.receiver = newSrtpReceiver(keyOf(keys.receive));
  }
  if (!isSame(before?.send, keys.send)) {
    leg.sender = keys.send === undefined ? undefined : newSrtpSender(keyOf(keys.send));
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
