/** Fills in the templates of `firmware-templates/`: every value is escaped for the vendor's format, by itself. */
import { Liquid } from 'liquidjs';
import type { Upstream } from './hosts.ts';
import type { Overlay } from './rewrite.ts';
import { escapeValue, escapeXml, type Format } from './settings.ts';
import type { VendorProvisioning } from './vendor-files.ts';

/** What a template may say: names as in `firmware-templates/README.md`. */
export interface OverlayValues {
  /** The box on the phones' network. */
  readonly address: string;
  readonly tls_port: number;
  readonly ca_url: string;
  /** PEM. */
  readonly ca_pem: string;
}

export interface BootstrapValues extends OverlayValues {
  /** The URL of the request, over HTTPS; for phones that append their file names, up to the last slash. */
  readonly file_url: string;
  readonly directory_url: string;
}

export interface LeaveValues extends OverlayValues {
  /** What the phone asked for, at the cloud itself; for phones that append their file names, up to the last slash. */
  readonly cloud_url: string;
  readonly cloud_directory: string;
  /** `http` or `https`. */
  readonly cloud_scheme: string;
}

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

export function renderTemplate(
  format: Format,
  template: string,
  values: OverlayValues | BootstrapValues | LeaveValues,
): string {
  const engine = engines.get(format) ?? newEngine(format);
  engines.set(format, engine);
  const result: unknown = engine.parseAndRenderSync(template, {
    ...values,
    ca_base64: pemContent(values.ca_pem),
  });
  return String(result);
}

/** The pieces to lay over a body of this vendor. SIP goes through the box only in posture `full`. */
export function vendorOverlays(
  vendor: VendorProvisioning,
  values: OverlayValues,
  isFull: boolean,
): Overlay[] {
  return vendor.overlays
    .filter(({ posture }) => posture === undefined || (isFull && values.tls_port !== 0))
    .map(({ template, before }) => ({
      text: renderTemplate(vendor.format, vendor.templates.get(template) ?? '', values),
      before,
    }));
}

/** What gives a phone of this vendor back the cloud's own addresses, laid over the answer to this request. */
export function leaveOverlays(
  vendor: VendorProvisioning,
  values: OverlayValues,
  { use, host, path }: Upstream,
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
    text: renderTemplate(vendor.format, vendor.templates.get(template) ?? '', leave),
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
