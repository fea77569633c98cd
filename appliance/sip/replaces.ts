/** Consultative transfer (RFC 5589 section 7): REFER names a second call by its dialog, which is another one on the other leg. */
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { headerValue, tagOf } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';

/** How both ends of one leg call their dialog. */
export interface DialogName {
  readonly callId: string;
  readonly ourTag: string;
  readonly theirTag: string;
}

type Named = { readonly names: Partial<Record<LegName, DialogName>> };

/** Of a response that came to our INVITE. */
export function nameAsCaller(response: { headers: readonly SipHeader[] }): DialogName {
  const tag = (name: string) => tagOf(headerValue(response, name) ?? '') ?? '';
  return { callId: headerValue(response, 'Call-ID') ?? '', ourTag: tag('From'), theirTag: tag('To') };
}

/** Of a response of ours, as sent. */
export function nameAsCallee(response: { headers: readonly SipHeader[] }): DialogName {
  const { callId, ourTag, theirTag } = nameAsCaller(response);
  return { callId, ourTag: theirTag, theirTag: ourTag };
}

/**
 * `Refer-To: <sip:x@y?Replaces=call%3Bto-tag%3Da%3Bfrom-tag%3Db>` from this leg, naming the same call as the other leg does.
 * Untouched when it names none of ours.
 */
export function translatedReferTo(value: string, leg: LegName, calls: readonly Named[]): string {
  return value.replace(/([?&]Replaces=)([^&>\s]+)/i, (whole, start: string, escaped: string) => {
    const named = unescaped(escaped);
    const translated = translatedReplaces(named, leg, calls);
    return translated === named ? whole : start + encodeURIComponent(translated);
  });
}

/** The value of a Replaces field (RFC 3891) likewise. */
export function translatedReplaces(value: string, leg: LegName, calls: readonly Named[]): string {
  const found = calls.find(({ names }) => isNamed(names[leg], value))?.names[otherLeg[leg]];
  if (found === undefined) return value;
  const rest = value.split(';').filter((part) => /^early-only$/i.test(part.trim()));
  return [found.callId, `to-tag=${found.theirTag}`, `from-tag=${found.ourTag}`, ...rest].join(';');
}

/** To-tag is the tag of whoever is to be replaced at, seen from the sender: ours. */
function isNamed(name: DialogName | undefined, value: string): boolean {
  const [callId, ...params] = value.split(';').map((part) => part.trim());
  if (name === undefined || callId !== name.callId) return false;
  return params.includes(`to-tag=${name.ourTag}`) && params.includes(`from-tag=${name.theirTag}`);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
