/** Consultative transfer (RFC 5589 section 7): REFER names a second call by its dialog, which is another one on the other leg. */
import { otherLeg, type LegName } from '../protocol/media-control.ts';
import { headerValue, parseNameAddress, tagOf } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import { param } from '../protocol/sip-uri.ts';

/** How both ends of one leg call their dialog. */
export interface DialogName {
  readonly callId: string;
  readonly ourTag: string;
  readonly theirTag: string;
  /** URI by which the far end is addressed, as it stood in To or From. */
  readonly party?: string;
}

export type Named = { readonly names: Partial<Record<LegName, DialogName>> };

/** Fields that name dialogs, from this leg, naming the same calls as the other leg does. */
export function translatedHeaders(
  headers: readonly SipHeader[],
  leg: LegName,
  calls: { all(): readonly Named[] },
): SipHeader[] {
  return headers.map((header) => {
    const translated = translations.get(header.name);
    if (translated === undefined) return header;
    return { name: header.name, value: translated(header.value, leg, calls.all()) };
  });
}

const translations = new Map([
  ['Replaces', translatedReplaces],
  // RFC 3911, of the same form.
  ['Join', translatedReplaces],
  ['Refer-To', translatedReferTo],
  ['Target-Dialog', translatedTargetDialog],
]);

/** Of a response that came to our INVITE. */
export function nameAsCaller(response: Headed): DialogName {
  return nameOf(response, { ours: 'From', theirs: 'To' });
}

/** Of a response of ours, as sent. */
export function nameAsCallee(response: Headed): DialogName {
  return nameOf(response, { ours: 'To', theirs: 'From' });
}

type Headed = { readonly headers: readonly SipHeader[] };

function nameOf(response: Headed, { ours, theirs }: { ours: string; theirs: string }): DialogName {
  const party = parseNameAddress(headerValue(response, theirs) ?? '');
  return {
    callId: headerValue(response, 'Call-ID') ?? '',
    ourTag: tagOf(headerValue(response, ours) ?? '') ?? '',
    theirTag: param(party.params, 'tag') ?? '',
    party: party.uri,
  };
}

/**
 * `Refer-To: <sip:x@y?Replaces=call%3Bto-tag%3Da%3Bfrom-tag%3Db>` from this leg, naming the same call as the other leg does.
 * Untouched when it names none of ours.
 */
export function translatedReferTo(value: string, leg: LegName, calls: readonly Named[]): string {
  return value.replace(/([?&](?:Replaces|Join)=)([^&>\s]+)/i, (whole, start: string, escaped: string) => {
    const named = unescaped(escaped);
    const translated = translatedReplaces(named, leg, calls);
    return translated === named ? whole : start + encodeURIComponent(translated);
  });
}

/** The value of a Replaces field (RFC 3891) likewise. */
export function translatedReplaces(value: string, leg: LegName, calls: readonly Named[]): string {
  const found = namedCall(calls, leg, value)?.names[otherLeg[leg]];
  if (found === undefined) return value;
  const rest = value.split(';').filter((part) => /^early-only$/i.test(part.trim()));
  return [found.callId, `to-tag=${found.theirTag}`, `from-tag=${found.ourTag}`, ...rest].join(';');
}

/** The call that a Replaces from this leg names. */
export function namedCall(calls: readonly Named[], leg: LegName, replaces: string): Named | undefined {
  return calls.find(({ names }) => isNamed(names[leg], replaces));
}

/** `Target-Dialog: call;local-tag=a;remote-tag=b` (RFC 4538). */
function translatedTargetDialog(value: string, leg: LegName, calls: readonly Named[]): string {
  const [callId = '', ...params] = value.split(';').map((part) => part.trim());
  const tag = (name: string) => params.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  const before = { callId, localTag: tag('local-tag'), remoteTag: tag('remote-tag') };
  const after = translatedDialog(before, leg, calls);
  if (after === undefined) return value;
  const rest = params.filter((part) => !/^(?:local|remote)-tag=/.test(part));
  return [after.callId, `local-tag=${after.localTag}`, `remote-tag=${after.remoteTag}`, ...rest].join(';');
}

/** Some name the tags as they see them, some as the receiver does: both are kept. */
interface SeenDialog {
  readonly callId: string;
  readonly localTag: string | undefined;
  readonly remoteTag: string | undefined;
}

/** Undefined when it is none of ours. */
export function translatedDialog(
  { callId, localTag, remoteTag }: SeenDialog,
  leg: LegName,
  calls: readonly Named[],
): SeenDialog | undefined {
  for (const { names } of calls) {
    const [own, other] = [names[leg], names[otherLeg[leg]]];
    if (own?.callId !== callId || other === undefined) continue;
    if (localTag === own.theirTag && remoteTag === own.ourTag)
      return { callId: other.callId, localTag: other.ourTag, remoteTag: other.theirTag };
    if (localTag === own.ourTag && remoteTag === own.theirTag)
      return { callId: other.callId, localTag: other.theirTag, remoteTag: other.ourTag };
  }
  return undefined;
}

/** To-tag is the tag of whoever is to be replaced at, seen from the sender: ours. */
function isNamed(name: DialogName | undefined, value: string): boolean {
  const [callId, ...params] = value.split(';').map((part) => part.trim());
  if (name === undefined || callId !== name.callId) return false;
  return params.includes(`to-tag=${name.ourTag}`) && params.includes(`from-tag=${name.theirTag}`);
}

/** As it is when it can't be read. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
