/** What a packet becomes on its way from one leg to the other, and what is learned from it. */
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import type { LegDescription } from '../protocol/media-description.ts';
import { packetKind } from '../protocol/rtp.ts';
import type { SessionQuality } from './session-quality.ts';
import { newSrtpLegs } from './srtp-legs.ts';

export interface Crossing {
  describe(leg: LegName, description: LegDescription): void;
  /** As of a process before us: see {@link newSrtpLegs}. */
  resume(bridged: readonly LegName[]): void;
  /** Legs whose packets are made anew here: such a session can't be left to the kernel, nor gone on with without its keys. */
  bridged(): LegName[];
  needsKeys(): boolean;
  isBridge(): boolean;
  /** A packet from this leg in clear, where the box has keys of its own with it; undefined: not genuine, or nothing that can be bridged. */
  open(from: LegName, packet: Uint8Array, atMs: number): Uint8Array | undefined;
  /** What was opened, as the other leg gets it; undefined: not to be sent. */
  seal(from: LegName, clear: Uint8Array): Uint8Array | undefined;
}

export function newCrossing(quality: SessionQuality): Crossing {
  const srtp = newSrtpLegs();
  return {
    describe: (leg, { codecs, keys }) => {
      quality.setCodecs(leg, codecs);
      srtp.setKeys(leg, keys);
    },
    resume: (bridged) => srtp.resume(bridged),
    bridged: () => srtp.bridged(),
    needsKeys: () => srtp.needsKeys(),
    isBridge: () => srtp.isBridge(),
    open: (from, packet, atMs) => {
      const kind = packetKind(packet);
      if (kind !== 'rtp' && kind !== 'rtcp') return srtp.isBridge() ? undefined : packet;
      const clear = srtp.open(from, kind, packet);
      if (clear === undefined) return undefined;
      if (kind === 'rtp') quality.onRtp(from, clear, atMs);
      else {
        const report = srtp.read(from, clear);
        if (report !== undefined) quality.onReport(from, report, atMs);
      }
      return clear;
    },
    seal: (from, clear) => {
      const kind = packetKind(clear);
      return kind === 'rtp' || kind === 'rtcp' ? srtp.seal(otherLeg[from], kind, clear) : clear;
    },
  };
}
