/** Fills in the templates of `firmware-templates/`: every value is escaped for the vendor's format, by itself. */
import { Liquid } from 'liquidjs';
import type { Upstream } from './hosts.ts';
import type { Overlay } from './rewrite.ts';
import { applyEdits, escapeValue, escapeXml, readSettings, type Format } from './settings.ts';
import { checkValues, type LeaveValues, type OverlayValues, type TemplateValues } from './template-values.ts';
import type { VendorProvisioning } from './vendor-files.ts';

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

const engines = new Map<Format, Liquid>();

export function renderTemplate(format: Format, template: string, values: TemplateValues): string {
  checkValues(values);
  const engine = engines.get(format) ?? newEngine(format);
  engines.set(format, engine);
  const result: unknown = engine.parseAndRenderSync(template, {
    ...values,
    ca_base64: pemContent(values.ca_pem),
  });
  return String(result);
}

type OnRefused = (name: string, error: unknown) => void;

const ignore: OnRefused = () => undefined;

/**
 * The site's template, or ours where it has none, or where the site's can't be filled in for this phone or comes out
 * unreadable: then `onRefused` hears of it. Undefined: the site's is refused, and there is none of ours.
 */
export function renderFor(
  vendor: VendorProvisioning,
  name: string,
  { values, onRefused = ignore }: { values: TemplateValues; onRefused?: OnRefused },
): string | undefined {
  const own = vendor.site.get(name);
  if (own !== undefined) {
    try {
      const text = renderTemplate(vendor.format, own, values);
      readSettings(vendor.format, text);
      return text;
    } catch (error) {
      onRefused(name, error);
    }
  }
  const ours = vendor.templates.get(name);
  return ours === undefined ? undefined : renderTemplate(vendor.format, ours, values);
}

interface Laying {
  /** Posture `full`: SIP goes through the box. */
  readonly isFull: boolean;
  readonly onRefused?: OnRefused;
}

/** The pieces to lay over a body of this vendor; of a key in two of them the later one counts. */
export function vendorOverlays(
  vendor: VendorProvisioning,
  values: OverlayValues,
  { isFull, onRefused = ignore }: Laying,
): Overlay[] {
  const rows = vendor.overlays.filter(
    ({ posture }) => posture === undefined || (isFull && values.tls_port !== 0),
  );
  const overlays = rows.flatMap(({ template, before, keepsTheirs = false }) => {
    const text = renderFor(vendor, template, { values, onRefused });
    return text === undefined ? [] : [{ text, before, keepsTheirs }];
  });
  return overlays.map((overlay, at) => ({
    ...overlay,
    text: withoutKeys(
      vendor.format,
      overlay.text,
      overlays.slice(at + 1).flatMap(({ text }) => readSettings(vendor.format, text).map(({ key }) => key)),
    ),
  }));
}

function withoutKeys(format: Format, text: string, keys: readonly string[]): string {
  const gone = readSettings(format, text).filter(({ key }) => keys.includes(key));
  return applyEdits(
    text,
    gone.map(({ start, end }) => ({ start, end, replacement: '' })),
  );
}

/** What gives a phone of this vendor back the cloud's own addresses, laid over the answer to this request. */
export function leaveOverlays(
  vendor: VendorProvisioning,
  values: OverlayValues,
  { upstream: { use, host, path }, onRefused = ignore }: { upstream: Upstream; onRefused?: OnRefused },
): Overlay[] {
  const scheme = use === 'first' ? 'http' : 'https';
  const plainPath = path.split(/[?#]/)[0] ?? '/';
  const leave: LeaveValues = {
    ...values,
    cloud_url: `${scheme}://${host}${path}`,
    cloud_directory: `${scheme}://${host}${plainPath.slice(0, plainPath.lastIndexOf('/') + 1)}`,
    cloud_scheme: scheme,
  };
  return vendor.leave.map(({ template, before }) => ({
    text: renderFor(vendor, template, { values: leave, onRefused }) ?? '',
    before,
    keepsTheirs: true,
  }));
}

/** Whether this vendor's phones are told that SIP goes through the box, in posture `full`. */
export function canLeadSip(vendor: VendorProvisioning, { tls_port: tlsPort }: OverlayValues): boolean {
  return tlsPort !== 0 && vendor.overlays.some(({ posture }) => posture === 'full');
}

/** Base64 without its frame and line breaks. */
function pemContent(pem: string): string {
  return pem.replaceAll(/-----[^-]*-----|\s/g, '');
}
