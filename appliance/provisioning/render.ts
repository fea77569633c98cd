/** Fills in templates: every value is escaped for the vendor's format, by itself. */
import { Liquid, type Template } from 'liquidjs';
import { escapeValue, escapeXml, type Format } from './settings.ts';
import { checkValues, type TemplateValues } from './template-values.ts';

/** Templates are from our own disk, but people edit them: no file access, and an end to loops. */
function newEngine(format: Format): Liquid {
  const isLine = format === 'yealink' || format === 'audiocodes';
  return new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    outputEscape: (value) => (isLine ? escapeValue(String(value), 'line') : escapeXml(String(value))),
    templates: {},
    parseLimit: 100_000,
    renderLimit: 1000,
    memoryLimit: 1_000_000,
  });
}

interface Compiled {
  readonly engine: Liquid;
  readonly parts: Template[];
  readonly names: readonly string[];
  /** By the values of what it names. */
  readonly rendered: Map<string, string>;
}

/** By format, then by text. A site that edits its templates leaves old ones behind. */
const compiled = new Map<Format, Map<string, Compiled>>();
const mostCompiled = 256;
const mostRendered = 64;

function compile(format: Format, template: string): Compiled {
  const ofFormat = compiled.get(format) ?? new Map<string, Compiled>();
  compiled.set(format, ofFormat);
  const known = ofFormat.get(template);
  if (known !== undefined) return known;
  const engine = newEngine(format);
  const parts = engine.parse(template);
  const fresh = { engine, parts, names: engine.globalVariablesSync(parts), rendered: new Map() };
  if (ofFormat.size >= mostCompiled) ofFormat.clear();
  ofFormat.set(template, fresh);
  return fresh;
}

/** In UTF-8, a character a byte, as bodies are. Throws where a value is not what it should be, or the template asks for what there is not. */
export function renderTemplate(format: Format, template: string, values: TemplateValues): string {
  checkValues(values);
  const { engine, parts } = compile(format, template);
  return Buffer.from(String(engine.renderSync(parts, withBase64(values)))).toString('latin1');
}

/** As {@link renderTemplate}, once for the same values: for templates of ours, which depend on nothing else. */
export function renderShipped(format: Format, template: string, values: TemplateValues): string {
  const { names, rendered } = compile(format, template);
  const given: Readonly<Record<string, unknown>> = values;
  // What differs from phone to phone (MAC, model, URL) has no NUL.
  const key = names.map((name) => given[name === 'ca_base64' ? 'ca_pem' : name]).join('\0');
  const before = rendered.get(key);
  if (before !== undefined) return before;
  const text = renderTemplate(format, template, values);
  if (rendered.size >= mostRendered) rendered.clear();
  rendered.set(key, text);
  return text;
}

function withBase64(values: TemplateValues): TemplateValues & { readonly ca_base64: string } {
  return { ...values, ca_base64: pemContent(values.ca_pem) };
}

/** Base64 without its frame and line breaks. */
function pemContent(pem: string): string {
  return pem.replaceAll(/-----[^-]*-----|\s/g, '');
}
