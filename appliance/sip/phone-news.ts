/** Whether the phone must hear of what the cloud has answered to the box alone. Pure. */
import { agreedKey } from '../protocol/sdp-crypto.ts';
import { directionOf, type Sdp } from '../protocol/sdp.ts';

/**
 * `told`: to the phone, last; `now`: what it would be told; `phone`: what it has said last. Another key, a codec less, another direction
 * or a medium refused are news; where media goes is not, since that is us.
 */
export function isNewsToPhone(told: Sdp, now: Sdp, phone: Sdp): boolean {
  return phone.media.some((own, at) => {
    const [before, after] = [told.media[at], now.media[at]];
    if (before === undefined || after === undefined) return before !== after;
    if ((before.port === 0) !== (after.port === 0)) return true;
    if (after.port === 0) return false;
    const isCodecGone = own.formats.some(
      (format) => before.formats.includes(format) && !after.formats.includes(format),
    );
    return (
      isCodecGone ||
      directionOf(told, before) !== directionOf(now, after) ||
      agreedKey(before, own)?.inline !== agreedKey(after, own)?.inline
    );
  });
}
