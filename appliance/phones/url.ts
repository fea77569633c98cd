/** The provisioning URL of SIP Gateway: base, tenant, language, the vendor's own ending (G-14, G-19 to G-22). */
import { isLanguage, languages } from './languages.ts';
import { urlSuffix, type PhoneKind, type Vendor } from './vendors.ts';

export const regions = ['noam', 'emea', 'apac'] as const;

export type Region = (typeof regions)[number];

interface UrlParts {
  /** Undefined: nothing is known of the device, and its URL has no ending. */
  readonly vendor: Vendor | undefined;
  readonly kind?: PhoneKind | undefined;
  /** `http://host[:port]` without a slash at the end: the region's own, or the box. */
  readonly base: string;
  /** Tenant GUID; anything else throws a TypeError. */
  readonly tenantId?: string | undefined;
  /** One of {@link languages}, anything else throws a TypeError. English is what a phone shows without a language in its URL, so `en` adds nothing. */
  readonly language?: string | undefined;
}

/** Where phones of a region start; plain HTTP, as the service documents it. */
export function regionUrl(region: Region): string {
  return `http://${region}.ipp.sdg.teams.microsoft.com`;
}

/** The box as phones reach it: the port is left out when it is HTTP's own. */
export function boxUrl(address: string, httpPort: number): string {
  return httpPort === 80 ? `http://${address}` : `http://${address}:${httpPort}`;
}

/** Macros such as `$PSN` stay as they are: the phone expands them. */
export function provisioningUrl({ vendor, kind = 'phone', base, tenantId, language }: UrlParts): string {
  if (tenantId !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenantId)) {
    throw new TypeError(`"${tenantId}" is not a tenant GUID`);
  }
  if (language !== undefined && !isLanguage(language)) {
    throw new TypeError(`"${language}" is not one of ${languages.join(', ')}`);
  }
  const tenant = tenantId === undefined ? '' : `/tenantid/${tenantId}`;
  const screen = language === undefined || language === 'en' ? '' : `/lang_${language}`;
  return `${base}${tenant}${screen}${vendor === undefined ? '' : urlSuffix(vendor, kind)}`;
}
