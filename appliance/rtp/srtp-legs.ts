/** Keys of a session's legs: SRTP of one made RTP for the other and back, and reports read where packets cross untouched. */
import { randomInt } from 'node:crypto';
import type { LegName } from '../protocol/media-control.ts';
import type { LegKeys } from '../protocol/media-description.ts';
import { turnBits, turnSources } from '../protocol/rtcp-sources.ts';
import type { SdesKey } from '../protocol/sdp-crypto.ts';
import { rtcpHeaderBytes, rtpFixedBytes, senderOf } from '../protocol/srtp.ts';
import { newSrtpReceiver, newSrtpSender, type Srtp, type SrtpKey, type SrtpReceiver } from './srtp.ts';

export interface SrtpLegs {
  setKeys(leg: LegName, keys: LegKeys | undefined): void;
  /**
   * A process before us carried the session, and how far its keys were used is gone with it. Nothing crosses before these legs have
   * theirs again. What is encrypted from then on bears other synchronisation sources: with the former ones a keystream would be used
   * twice (RFC 3711 section 9.1).
   */
  resume(bridged: readonly LegName[]): void;
  /** Legs whose packets are made anew. */
  bridged(): LegName[];
  /** Some have no keys yet. */
  needsKeys(): boolean;
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
  isAwaited: boolean;
  /** Turned over in the synchronisation sources that it gets; 0: it gets them as they are. */
  turned: number;
}

export function newSrtpLegs(): SrtpLegs {
  const legs: Record<LegName, Leg> = { phone: newLeg(), cloud: newLeg() };
  const needsKeys = () => legs.phone.isAwaited || legs.cloud.isAwaited;
  return {
    setKeys: (leg, keys) => setKeys(legs[leg], keys),
    resume: (bridged) => {
      for (const name of ['phone', 'cloud'] as const)
        Object.assign(legs[name], { turned: randomInt(1, 2 ** 32), isAwaited: bridged.includes(name) });
    },
    bridged: () => (['phone', 'cloud'] as const).filter((name) => isBridged(legs[name])),
    needsKeys,
    isBridge: () => isBridged(legs.phone) || isBridged(legs.cloud),
    open: (from, kind, packet) => {
      if (needsKeys()) return undefined;
      return isBridged(legs[from]) ? received(legs[from], kind, packet) : packet;
    },
    seal: (to, kind, packet) => (isBridged(legs[to]) ? sent(legs[to], kind, packet) : packet),
    read: (from, report) => {
      if (legs[from].keys === undefined || isBridged(legs[from])) return report;
      return receive(legs[from], 'rtcp', new Uint8Array(report));
    },
  };
}

function newLeg(): Leg {
  return {
    keys: undefined,
    last: undefined,
    receiver: undefined,
    old: undefined,
    sender: undefined,
    isAwaited: false,
    turned: 0,
  };
}

/** The box has keys of its own with this leg. */
function isBridged({ keys, isAwaited }: Leg): boolean {
  return isAwaited || keys?.send !== undefined;
}

/** The same keys again change nothing. */
function setKeys(leg: Leg, keys: LegKeys | undefined): void {
  leg.keys = keys;
  leg.isAwaited = false;
  if (keys === undefined) return;
  const { last } = leg;
  leg.last = keys;
  if (!isSame(last?.receive, keys.receive)) {
    leg.old = leg.receiver;
    leg.receiver = newSrtpReceiver(
      keyOf(keys.receive),
      leg.receiver?.highest() ?? (leg.turned === 0 ? undefined : 'lost'),
    );
  }
  if (keys.send !== undefined && !isSame(last?.send, keys.send)) {
    leg.sender = newSrtpSender(keyOf(keys.send));
  }
}

/** What its reports are about bears the names that this leg knows. */
function received(leg: Leg, kind: keyof Srtp, packet: Uint8Array): Uint8Array | undefined {
  const clear = receive(leg, kind, packet);
  if (clear !== undefined && kind === 'rtcp' && leg.turned !== 0) turnSources(clear, 'reported', leg.turned);
  return clear;
}

function sent({ sender, turned }: Leg, kind: keyof Srtp, packet: Uint8Array): Uint8Array | undefined {
  return turned === 0 || isTurned(packet, kind, turned) ? sender?.[kind](packet) : undefined;
}

/** False: it is none, or its first part names nobody, and would bear a source of before. */
function isTurned(packet: Uint8Array, kind: keyof Srtp, bits: number): boolean {
  if (packet.length < (kind === 'rtp' ? rtpFixedBytes : rtcpHeaderBytes)) return false;
  const before = senderOf(packet, kind);
  if (kind === 'rtcp') turnSources(packet, 'sender', bits);
  else turnBits(new DataView(packet.buffer, packet.byteOffset), 8, bits);
  return senderOf(packet, kind) !== before;
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
