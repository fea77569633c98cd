/** What is laid over a phone's configuration, from the templates of `firmware-templates/` and of the site. */
import type { Upstream } from './hosts.ts';
import type { Overlay } from './rewrite.ts';
import { renderShipped, renderTemplate } from './render.ts';
import { applyEdits, readSettings, type Format } from './settings.ts';
import type { LeaveValues, OverlayValues, TemplateValues } from './template-values.ts';
import type { VendorProvisioning } from './vendor-files.ts';

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
  return ours === undefined ? undefined : renderShipped(vendor.format, ours, values);
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
  const leadsSip = isFull && values.tls_port !== 0;
  const rows = vendor.overlays.filter(
    ({ posture }) => posture === undefined || posture === (leadsSip ? 'full' : 'provision'),
  );
  const overlays = rows.flatMap(({ template, before, keepsTheirs = false, unless }) => {
    const text = renderFor(vendor, template, { values, onRefused });
    return text === undefined ? [] : [{ text, before, keepsTheirs, unless }];
  });
  return withoutRepeats(vendor, overlays);
}

/** By vendor and texts: most phones of a make get the same. */
const laid = new WeakMap<VendorProvisioning, Map<string, Overlay[]>>();
const mostLaid = 64;

function withoutRepeats(vendor: VendorProvisioning, overlays: readonly Overlay[]): Overlay[] {
  const known = laid.get(vendor) ?? new Map<string, Overlay[]>();
  laid.set(vendor, known);
  const name = overlays.map(({ text }) => text).join('\0');
  const before = known.get(name);
  if (before !== undefined) return before;
  const result = overlays.map((overlay, at) => ({
    ...overlay,
    text: withoutKeys(
      vendor.format,
      overlay.text,
      overlays.slice(at + 1).flatMap(({ text }) => readSettings(vendor.format, text).map(({ key }) => key)),
    ),
  }));
  if (known.size >= mostLaid) known.clear();
  known.set(name, result);
  return result;
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
  return vendor.leave.map(({ template, before, unless }) => ({
    text: renderFor(vendor, template, { values: leave, onRefused }) ?? '',
    before,
    keepsTheirs: true,
    unless,
  }));
}

/** Whether this vendor's phones are told that SIP goes through the box, in posture `full`. */
export function canLeadSip(vendor: VendorProvisioning, { tls_port: tlsPort }: OverlayValues): boolean {
  return tlsPort !== 0 && vendor.overlays.some(({ posture }) => posture === 'full');
}
