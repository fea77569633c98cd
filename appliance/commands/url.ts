/** `gatehouse url <vendor>`: the provisioning URL of a vendor's phones, for another DHCP server or a phone at home (G-14 to G-28). */
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { languageNotes, type LanguageNote } from '../phones/languages.ts';
import { boxUrl, provisioningUrl, regionUrl } from '../phones/url.ts';
import {
  urlCarrier,
  vendorName,
  vendors,
  vendorSigns,
  type PhoneKind,
  type UrlCarrier,
  type Vendor,
} from '../phones/vendors.ts';
import { formatTable } from './table.ts';

export async function urlCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const vendor = vendors.find((name) => name === rest[0]?.toLowerCase());
  if (vendor === undefined || rest.length > 1) {
    out(`usage: gatehouse url ${vendors.join('|')} [--config FILE] [--json]`);
    return 2;
  }
  const sheet = urlSheet(vendor, readConfig(configFile));
  if (json) out(JSON.stringify(sheet));
  else for (const line of formatSheet(sheet)) out(line);
  return 0;
}

interface KindUrls {
  readonly kind: PhoneKind;
  /** With tenant and language as the settings have them: what to use. */
  readonly url: string;
  /** The same where one of them must be left out. Each is there only when the settings name it. */
  readonly plain: string;
  readonly withTenant?: string;
  readonly withLanguage?: string;
  /** What the box tells phones on site; left out where it sends them to the cloud. */
  readonly onSite?: string;
}

export interface UrlSheet {
  readonly vendor: Vendor;
  readonly name: string;
  readonly region: Config['site']['region'];
  readonly dhcp: UrlCarrier;
  readonly kinds: readonly KindUrls[];
  /** For somebody with a phone at home, in order. */
  readonly steps: readonly string[];
  readonly notes: readonly LanguageNote[];
}

/** Pure. */
export function urlSheet(vendor: Vendor, config: Config): UrlSheet {
  const { site, dhcp } = config;
  const own = dhcp.vendor.find((row) => row.vendor === vendor);
  const known = urlCarrier(vendor);
  return {
    vendor,
    name: vendorName(vendor),
    region: site.region,
    dhcp: { ...known, options: own?.options ?? known.options, form: own?.form ?? known.form },
    kinds: vendorSigns(vendor).kinds.map((kind) => urlsOf({ vendor, kind }, config)),
    steps: homeSteps,
    notes: languageNotes(site.language, vendor),
  };
}

function urlsOf(device: { vendor: Vendor; kind: PhoneKind }, { site, provisioning }: Config): KindUrls {
  const { tenant_id: tenantId, language } = site;
  const inCloud = { ...device, base: regionUrl(site.region) };
  const onBox = { ...device, base: boxUrl(site.address, provisioning.http_port) };
  return {
    kind: device.kind,
    url: provisioningUrl({ ...inCloud, tenantId, language }),
    plain: provisioningUrl(inCloud),
    ...(tenantId !== undefined && { withTenant: provisioningUrl({ ...inCloud, tenantId }) }),
    ...(language !== undefined && { withLanguage: provisioningUrl({ ...inCloud, language }) }),
    ...(site.posture !== 'assist' && { onSite: provisioningUrl({ ...onBox, tenantId, language }) }),
  };
}

const homeSteps: readonly string[] = [
  'Set the phone back to factory settings, and connect it.',
  "Find its IP address in the phone's own settings menu (Status or Network).",
  'Open http:// and that address in a browser on the same network, and log in as administrator.',
  'Under Settings or Advanced settings find the provisioning server (or configuration server) URL, enter the URL above exactly, and save.',
  'Restart the phone: it shows the Teams logo and a sign-in key.',
];

const kindNames: Record<PhoneKind, string> = { phone: 'phones', ata: 'analog adapters', dect: 'DECT bases' };

function formatSheet(sheet: UrlSheet): string[] {
  return [
    ...sheet.kinds
      .flatMap((urls) => ['', `${sheet.name} ${kindNames[urls.kind]}`, ...formatUrls(urls)])
      .slice(1),
    '',
    `In DHCP: ${carrierInWords(sheet.dhcp)}`,
    ...sheet.notes.map(({ text }) => `Note: ${text}`),
    '',
    'At home, without this DHCP:',
    ...sheet.steps.map((step, at) => `  ${at + 1}. ${step}`),
  ];
}

function formatUrls({ url, plain, withTenant, withLanguage, onSite }: KindUrls): string[] {
  const others = [
    ['without tenant and language', plain],
    ['with tenant only (signs in many at once)', withTenant],
    ['with language only', withLanguage],
    ['on site, from the box', onSite],
  ] as const;
  const told = others.flatMap(([what, other]) =>
    other === undefined || other === url ? [] : [[`  ${what}`, other]],
  );
  return formatTable([['  URL', url], ...told]);
}

function carrierInWords({ options, form, subOption }: UrlCarrier): string {
  if (options.length === 0)
    return "no option is known that these phones take the URL from; use their maker's own tool";
  const places = options.map((code) =>
    code === 43 && subOption !== undefined ? `option 43, sub-option ${subOption}` : `option ${code}`,
  );
  const forms = { url: 'as the whole URL', host: 'as the host name alone', address: 'as the address alone' };
  return `${places.join(' and ')}, ${forms[form]}`;
}
