/** Which phone sent a request: by its lease, else by what it says of itself. Only to show it, never to let it in. */
import { parseMac } from '../protocol/mac.ts';

/** Makers end their User-Agent with it: `Yealink SIP-T46S 66.86.0.15 001565aabbcc`, `PolycomVVX-VVX_150-UA/6.4.1.2280_0004f2aabbcc`. */
export function macInUserAgent(userAgent: string): string | undefined {
  const found = /(?:^|[^0-9a-f])((?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2})\W*$/i.exec(userAgent)?.[1];
  return found === undefined ? undefined : parseMac(found);
}
