/** Keys of a call: where one leg must not get any, the box ends SRTP itself and has keys of its own with the other leg. */
import { randomBytes } from 'node:crypto';
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import type { LegDescription, LegKeys } from '../protocol/media-description.ts';
import { codecsOf } from '../protocol/sdp-codecs.ts';
import {
  agreedKey,
  cryptoOf,
  isKeyLine,
  isSavp,
  plainMedia,
  securedMedia,
  type CryptoLine,
  type SdesKey,
} from '../protocol/sdp-crypto.ts';
import { isRtp, type Sdp, type SdpMedia } from '../protocol/sdp.ts';
import { masterBytes, type SrtpSuite } from '../protocol/srtp.ts';

/** Keys can't be had, or would cross in clear. */
export class SdpRefusedError extends Error {
  override readonly name = 'SdpRefusedError';
}

/** What each leg said last. */
export type Latest = Partial<Record<LegName, Sdp>>;

export interface CallCrypto {
  /** A description from this leg with the profile and keys that the other leg gets. Throws {@link SdpRefusedError}, DecodeError. */
  cross(from: LegName, sdp: Sdp): Sdp;
  /** Of the medium at this place, as far as it is known. */
  describe(leg: LegName, at: number): LegDescription;
}

/** Every SIP end that has SDES has this suite (RFC 4568 section 6.2). */
const firstSuite: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80';

interface Descriptions {
  readonly latest: Latest;
  /** By the process before us, whose keys go on. */
  readonly told?: Latest | undefined;
}

/**
 * `isSecure`: keys may go there. `isForHelp`: a leg in clear that takes nothing but SRTP gets a key of ours all the same, good for
 * nothing else: it has named its own in clear already, and would be refused.
 */
export function newCallCrypto(
  isSecure: Readonly<Record<LegName, boolean>>,
  isForHelp: boolean,
  { latest, told = {} }: Descriptions,
): CallCrypto {
  const isUntouched = isSecure.phone && isSecure.cloud;
  const ownKey = newOwnKeys(isUntouched ? {} : told);
  const isOpen = (leg: LegName, medium: SdpMedia | undefined) =>
    isForHelp && !isSecure[leg] && medium !== undefined && isSavp(medium) && cryptoOf(medium).length > 0;
  const secured = (to: LegName, media: SdpMedia, at: number): SdpMedia => {
    const theirs = latest[to]?.media[at];
    if (theirs === undefined) {
      const crypto = ownKey(to, at, { tag: 1, suite: firstSuite });
      return securedMedia(media, { proto: 'RTP/SAVP', crypto });
    }
    const [crypto] = cryptoOf(theirs);
    if (crypto === undefined) return plainMedia(media);
    return securedMedia(media, { proto: theirs.proto, crypto: ownKey(to, at, crypto) });
  };
  const keysOf = (leg: LegName, at: number): LegKeys | undefined => {
    const medium = latest[leg]?.media[at];
    if (medium === undefined || !(isSecure[leg] || isOpen(leg, medium))) return undefined;
    if (isUntouched) {
      const theirs = latest[otherLeg[leg]]?.media[at];
      const agreed = theirs && agreedKey(medium, theirs);
      return agreed && { receive: keyOf(agreed) };
    }
    const [receive] = cryptoOf(medium);
    return receive && { receive: keyOf(receive), send: keyOf(ownKey(leg, at, receive)) };
  };
  return {
    cross: (from, sdp) => {
      const to = otherLeg[from];
      if (isUntouched) return sdp;
      const session = sdp.session.filter((line) => !isKeyLine(line));
      const media = sdp.media.map((entry, at) => {
        if (!isRtp(entry)) return entry;
        const hasKeys = cryptoOf(entry).length > 0;
        if (isSavp(entry) && !isOpen(from, entry) && !(isSecure[from] && hasKeys)) {
          throw new SdpRefusedError(
            isSecure[from] ? 'no crypto-suite that the box knows' : 'keys would cross in clear',
          );
        }
        const isKeyed = isSecure[to] || isOpen(to, latest[to]?.media[at]);
        return isKeyed ? secured(to, entry, at) : plainMedia(entry);
      });
      return { session, media };
    },
    describe: (leg, at) => {
      const medium = latest[leg]?.media[at];
      const keys = keysOf(leg, at);
      return {
        codecs: medium === undefined ? [] : codecsOf(medium),
        ...(keys === undefined ? {} : { keys }),
      };
    },
  };
}

/** Of the box, with each leg. `told`: those that go on. */
function newOwnKeys(told: Latest) {
  const keys = { phone: keysIn(told.phone), cloud: keysIn(told.cloud) };
  /** A new one with another suite: the packets of one key are counted once. */
  return (leg: LegName, at: number, { tag, suite }: Pick<CryptoLine, 'tag' | 'suite'>): CryptoLine => {
    const known = keys[leg].get(at);
    const inline = known?.suite === suite ? known.inline : randomBytes(masterBytes).toString('base64');
    const own = { tag, suite, inline };
    keys[leg].set(at, own);
    return own;
  };
}

/** By place of the medium. */
function keysIn(sdp: Sdp | undefined): Map<number, CryptoLine> {
  const media = sdp?.media ?? [];
  return new Map(media.flatMap((medium, at) => cryptoOf(medium).map((own) => [at, own] as const)));
}

function keyOf({ suite, inline }: SdesKey): SdesKey {
  return { suite, inline };
}
