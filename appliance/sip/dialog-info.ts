/** Dialog states that are told about (RFC 4235): a phone that watches its own line knows its calls by its own dialogs. */
import type { LegName } from '../protocol/media-control.ts';
import { translatedDialog, type Named } from './replaces.ts';

/** A body from this leg as the other one gets it. `calls` are those of the phone that the body goes to, or comes from. */
export function translatedBody(
  { type, text }: { readonly type: string; readonly text: string },
  leg: LegName,
  calls: readonly Named[],
): { type: string; text: string } {
  if (!/^application\/dialog-info\+xml\b/i.test(type)) return { type, text };
  return {
    type,
    text: text.replaceAll(/<(?:[\w.-]+:)?dialog\s[^<>]*>/g, (tag) => translatedTag(tag, leg, calls)),
  };
}

/** The start tag of one dialog. */
function translatedTag(tag: string, leg: LegName, calls: readonly Named[]): string {
  const value = (name: string) => attribute(name).exec(tag)?.[2];
  const [callId, localTag, remoteTag] = [value('call-id'), value('local-tag'), value('remote-tag')];
  const after = translatedDialog({ callId: callId ?? '', localTag, remoteTag }, leg, calls);
  if (after === undefined) return tag;
  const named = withAttribute(tag, 'call-id', after.callId);
  return withAttribute(withAttribute(named, 'local-tag', after.localTag), 'remote-tag', after.remoteTag);
}

function withAttribute(tag: string, name: string, value = ''): string {
  return tag.replace(attribute(name), (_all, start: string) => `${start}"${escaped(value)}"`);
}

function attribute(name: string): RegExp {
  return new RegExp(`(\\s${name}\\s*=\\s*)["']([^"'<>]*)["']`);
}

function escaped(value: string): string {
  return value.replaceAll(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
