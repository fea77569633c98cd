/**
 * Configuration bodies in XML: Poly's attributes, Cisco's and Snom's elements, ALE's id-value pairs. Reads only what
 * phones are known to be given: no document type, no CDATA, no entities of one's own, since parsers differ in them and
 * a setting could hide from one and be seen by the other.
 */
import { DecodeError } from '../protocol/bytes.ts';
import { withoutBlanks } from './blanks.ts';
import type { Setting } from './settings.ts';

type XmlFormat = 'attributes' | 'elements' | 'id-value';

interface Attribute {
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

interface Element {
  readonly name: string;
  readonly start: number;
  readonly contentStart: number;
  readonly attributes: readonly Attribute[];
  hasChildren: boolean;
  /** Of its own text, without blanks around it: between tags, comments and instructions. */
  readonly texts: (readonly [start: number, end: number])[];
}

const deepest = 32;
const namePattern = /[A-Za-z_][\w.:-]*/y;
const attributePattern = /\s*([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;

export function readXml(text: string, format: XmlFormat): Setting[] {
  const settings: Setting[] = [];
  const open: Element[] = [];
  let at = text.indexOf('<');
  if (at === -1) throw new DecodeError('no element');
  const encoding = /^[^<]*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)/.exec(text)?.[1] ?? 'utf-8';
  if (!/^(?:utf-8|us-ascii|iso-8859-1)$/i.test(encoding)) throw new DecodeError(`encoding "${encoding}"`);
  for (let last = at; at !== -1; last = at, at = text.indexOf('<', at)) {
    noteText(text, open.at(-1), [last, at]);
    if (text.startsWith('<!--', at)) at = after(text, '-->', at + 4);
    else if (text.startsWith('<?', at)) at = after(text, '?>', at + 2);
    else if (text.startsWith('<!', at)) throw new DecodeError('a declaration', at);
    else if (text.startsWith('</', at)) at = closeElement({ text, open, settings, format }, at);
    else at = openElement({ text, open, settings, format }, at);
  }
  if (open.length > 0) throw new DecodeError(`<${open.at(-1)?.name}> is not closed`, text.length);
  return settings;
}

function noteText(text: string, element: Element | undefined, [from, to]: [number, number]): void {
  const place = withoutBlanks(text, from, to);
  if (place[0] < place[1]) element?.texts.push(place);
}

interface Reading {
  readonly text: string;
  readonly open: Element[];
  readonly settings: Setting[];
  readonly format: XmlFormat;
}

function openElement({ text, open, settings, format }: Reading, at: number): number {
  const parent = open.at(-1);
  if (parent) parent.hasChildren = true;
  const name = match(namePattern, text, at + 1)?.[0];
  if (name === undefined) throw new DecodeError('a "<" that begins nothing', at);
  const attributes: Attribute[] = [];
  let end = at + 1 + name.length;
  for (let found = match(attributePattern, text, end); found; found = match(attributePattern, text, end)) {
    const [whole, attribute = ''] = found;
    const valueEnd = end + whole.length - 1;
    attributes.push({
      name: attribute,
      start: end,
      valueStart: valueEnd - (found[2] ?? found[3] ?? '').length,
      valueEnd,
    });
    end += whole.length;
  }
  const [closing, slash = ''] = match(/\s*(\/?)>/y, text, end) ?? [];
  if (closing === undefined) throw new DecodeError(`<${name}> is not well formed`, end);
  end += closing.length;
  const element: Element = { name, start: at, contentStart: end, attributes, hasChildren: false, texts: [] };
  const isEmpty = slash === '/';
  settings.push(...attributeSettings(text, element, { format, end: isEmpty ? end : undefined }));
  if (!isEmpty) {
    if (open.length >= deepest) throw new DecodeError('elements within elements', at);
    open.push(element);
  }
  return end;
}

function closeElement({ text, open, settings, format }: Reading, at: number): number {
  const [whole, name] = match(/<\/([A-Za-z_][\w.:-]*)\s*>/y, text, at) ?? [];
  const element = open.pop();
  if (whole === undefined || element === undefined || element.name !== name) {
    throw new DecodeError(`an end tag that closes nothing`, at);
  }
  const end = at + whole.length;
  // Some join the pieces, and make an address of what is none for us.
  if (format === 'elements' && element.texts.length > (element.hasChildren ? 0 : 1))
    throw new DecodeError(`text in pieces in <${name}>`, at);
  if (format === 'elements' && !element.hasChildren) {
    const [valueStart, valueEnd] = element.texts[0] ?? [element.contentStart, at];
    settings.push({
      key: elementKey(text, element),
      value: unescapeXml(text.slice(valueStart, valueEnd)),
      valueStart,
      valueEnd,
      start: element.start,
      end,
      context: 'text',
    });
  }
  return end;
}

/** `end` is that of an element that has no content; undefined when content follows. */
function attributeSettings(
  text: string,
  element: Element,
  { format, end }: { format: XmlFormat; end: number | undefined },
): Setting[] {
  const value = (attribute: Attribute) => unescapeXml(text.slice(attribute.valueStart, attribute.valueEnd));
  if (format === 'id-value') {
    const id = element.attributes.find(({ name }) => name === 'id');
    const held = element.attributes.find(({ name }) => name === 'value');
    if (id === undefined || held === undefined) return [];
    // With content after it only the value can go: the element's end is not known yet.
    const place =
      end === undefined ? { start: held.valueStart, end: held.valueEnd } : { start: element.start, end };
    const { valueStart, valueEnd } = held;
    return [{ key: value(id), value: value(held), valueStart, valueEnd, ...place, context: 'attribute' }];
  }
  const kept =
    format === 'attributes'
      ? element.attributes
      : element.attributes.filter(({ name }) => !markers.has(name));
  return kept.map((attribute) => ({
    key: format === 'attributes' ? attribute.name : `${element.name}@${attribute.name}`,
    value: value(attribute),
    valueStart: attribute.valueStart,
    valueEnd: attribute.valueEnd,
    start: attribute.start,
    end: attribute.valueEnd + 1,
    context: 'attribute' as const,
  }));
}

/** Say how a setting may be used, not what it is. */
const markers = new Set(['idx', 'perm', 'ua', 'e', 'version', 'xmlns']);

function elementKey(text: string, { name, attributes }: Element): string {
  const index = attributes.find((attribute) => attribute.name === 'idx');
  return index === undefined ? name : `${name}[${text.slice(index.valueStart, index.valueEnd)}]`;
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  if (found === -1) throw new DecodeError(`no "${mark}"`, from);
  return found + mark.length;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** In UTF-8, a character a byte, as all that is read. An entity that XML does not know by itself stays as it stands. */
export function unescapeXml(text: string): string {
  return text.replaceAll(/&(#\d+|#x[0-9a-f]+|\w{1,31});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0x10_ff_ff ? whole : Buffer.from(String.fromCodePoint(code)).toString('latin1');
  });
}
