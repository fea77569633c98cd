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

/** `isSecure`: keys may go there. `told`: by the process before us, whose keys go on. */
export function newCallCrypto(
  isSecure: Readonly<Record<LegName, boolean>>,
  latest: Latest,
  told: Latest = {},
): CallCrypto {
  const ownKeys = keysIn(
    isSecure.phone === isSecure.cloud ? undefined : isSecure.phone ? told.phone : told.cloud,
  );
  /** A new one with another suite: the packets of one key are counted once. */
  const ownKey = (at: number, { tag, suite }: Pick<CryptoLine, 'tag' | 'suite'>): CryptoLine => {
    const known = ownKeys.get(at);
    const inline = known?.suite === suite ? known.inline : randomBytes(masterBytes).toString('base64');
    const own = { tag, suite, inline };
    ownKeys.set(at, own);
    return own;
  };
  const secured = (media: SdpMedia, at: number, theirs: SdpMedia | undefined): SdpMedia => {
    if (theirs === undefined) {
      return securedMedia(media, { proto: 'RTP/SAVP', crypto: ownKey(at, { tag: 1, suite: firstSuite }) });
    }
    const [crypto] = cryptoOf(theirs);
    if (crypto === undefined) return plainMedia(media);
    return securedMedia(media, { proto: theirs.proto, crypto: ownKey(at, crypto) });
  };
  const keysOf = (leg: LegName, at: number): LegKeys | undefined => {
    const medium = latest[leg]?.media[at];
    if (!isSecure[leg] || medium === undefined) return undefined;
    const theirs = latest[otherLeg[leg]]?.media[at];
    if (isSecure[otherLeg[leg]]) {
      const agreed = theirs && agreedKey(medium, theirs);
      return agreed && { receive: keyOf(agreed) };
    }
    const [receive] = cryptoOf(medium);
    return receive && { receive: keyOf(receive), send: keyOf(ownKey(at, receive)) };
  };
  return {
    cross: (from, sdp) => {
      const to = otherLeg[from];
      if (isSecure[from] && isSecure[to]) return sdp;
      const session = sdp.session.filter((line) => !isKeyLine(line));
      const media = sdp.media.map((entry, at) => {
        if (!isRtp(entry)) return entry;
        if (isSavp(entry) && (!isSecure[from] || cryptoOf(entry).length === 0)) {
          throw new SdpRefusedError(
            isSecure[from] ? 'no crypto-suite that the box knows' : 'keys would cross in clear',
          );
        }
        return isSecure[to] ? secured(entry, at, latest[to]?.media[at]) : plainMedia(entry);
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

/** By place of the medium. */
function keysIn(sdp: Sdp | undefined): Map<number, CryptoLine> {
  const media = sdp?.media ?? [];
  return new Map(media.flatMap((medium, at) => cryptoOf(medium).map((own) => [at, own] as const)));
}

function keyOf({ suite, inline }: SdesKey): SdesKey {
  return { suite, inline };
}
