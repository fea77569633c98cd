/**
 * A configuration body as a list of settings with their places in it, so that single values can be changed and all else
 * stays byte for byte. Bodies are handled as latin1 text: one character is one byte, whatever their encoding.
 */
import { DecodeError } from '../protocol/bytes.ts';
import { readLines } from './settings-lines.ts';
import { readXml } from './settings-xml.ts';

/** How a vendor writes settings down. */
export type Format =
  /** `key = value` (Yealink). */
  | 'yealink'
  /** `a/b/c=value` (AudioCodes). */
  | 'audiocodes'
  /** Attributes of any element: `<x reg.1.address="…"/>` (Poly). */
  | 'attributes'
  /** Elements without children: `<Profile_Rule>…</Profile_Rule>` (Cisco, Snom). */
  | 'elements'
  /** `<setting id="…" value="…"/>` (ALE). */
  | 'id-value';

/** What a value has to be escaped for. */
export type Context = 'line' | 'attribute' | 'text';

export interface Setting {
  /** As the vendor names it; an index attribute is part of it: `user_host[1]`. */
  readonly key: string;
  /** Unescaped. */
  readonly value: string;
  /** Where the value stands, as written. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Where the whole setting stands: what goes when it is dropped. */
  readonly start: number;
  readonly end: number;
  readonly context: Context;
}

/** More is no configuration of a phone. */
const mostSettings = 8000;

/** Throws {@link DecodeError} when the body is not of this format: what a phone would make of it is then not known. */
export function readSettings(format: Format, text: string): Setting[] {
  const zero = text.indexOf('\0');
  if (zero !== -1) throw new DecodeError('a NUL in a configuration', zero);
  const settings =
    format === 'yealink' || format === 'audiocodes' ? readLines(text, format) : readXml(text, format);
  if (settings.length > mostSettings) throw new DecodeError(`${settings.length} settings`);
  return settings;
}

/** As it has to be written in its place. A line break can't be written in a line: TypeError. */
export function escapeValue(value: string, context: Context): string {
  if (context === 'line') {
    if (/[\r\n\0]/.test(value)) throw new TypeError('a line break in the value of a line');
    return value;
  }
  return escapeXml(value);
}

export function escapeXml(value: string): string {
  return value.replaceAll(/[&<>"'\r\n\t]/g, (character) => escapes[character] ?? '');
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // In an attribute a parser makes spaces of them, and a certificate needs its lines.
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Edits must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let out = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) throw new RangeError('edits overlap');
    out += text.slice(at, edit.start) + edit.replacement;
    at = edit.end;
  }
  return out + text.slice(at);
}
