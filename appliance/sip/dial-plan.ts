/** What is dialled on this site, and whose phone that is. Pure. */
import type { BindingRow } from '../store/bindings.ts';

export interface DialPlan {
  /** Without `+`; empty: numbers are only compared as they are. */
  readonly country_code: string;
  readonly national_prefix: string;
  readonly international_prefix: string;
  /** Dialled to leave the site; empty where there is none. */
  readonly outside_line_prefix: string;
  /** Digits of a number inside; 0: none are dialled. */
  readonly extension_length: number;
}

/** User part of a `sip:` or `tel:` URI without what only makes it readable; `` when there is none. */
export function dialledNumber(uri: string): string {
  const [, sip, tel] = /^(?:sips?:([^@]+)@|tel:([^;]+))/i.exec(uri) ?? [];
  return (sip ?? tel ?? '').split(';')[0]?.replaceAll(/[-.() ]/g, '') ?? '';
}

/** As dialled, and without the outside-line prefix: `0110` may be either. */
export function readings(number: string, prefix: string): string[] {
  const isOutside = prefix !== '' && number.startsWith(prefix) && number.length > prefix.length;
  return isOutside ? [number, number.slice(prefix.length)] : [number];
}

/** Every E.164 number, with `+`, that these digits can mean here. */
export function e164Readings(number: string, plan: DialPlan): string[] {
  const found = readings(number, plan.outside_line_prefix).map((reading) => e164(reading, plan));
  return Array.from(new Set(found.filter((reading) => reading !== undefined)));
}

function e164(number: string, plan: DialPlan): string | undefined {
  const { country_code: country, national_prefix: national, international_prefix: international } = plan;
  if (/^\+\d{7,15}$/.test(number)) return number;
  if (!/^\d{7,20}$/.test(number) || country === '') return undefined;
  if (international !== '' && number.startsWith(international)) {
    return `+${number.slice(international.length)}`;
  }
  // North America writes ten digits with and without its prefix.
  if (country === '1' && number.length === 10) return `+1${number}`;
  if (!number.startsWith(national)) return undefined;
  return `+${country}${number.slice(national.length)}`;
}

/**
 * The phones that this number belongs to, all of one user; none when nobody here has it, or when an extension fits several.
 * Full numbers go before extensions.
 */
export function phonesOf<Phone extends Pick<BindingRow, 'aor'>>(
  number: string,
  phones: readonly Phone[],
  plan: DialPlan,
): Phone[] {
  if (number === '') return [];
  const exact = phones.filter(({ aor }) => userOf(aor) === number);
  if (exact.length > 0) return ofOneUser(exact);
  const dialled = e164Readings(number, plan);
  const full = phones.filter(({ aor }) =>
    e164Readings(userOf(aor), plan).some((own) => dialled.includes(own)),
  );
  if (full.length > 0) return ofOneUser(full);
  const isExtension = plan.extension_length > 0 && new RegExp(`^\\d{${plan.extension_length}}$`).test(number);
  if (!isExtension) return [];
  return ofOneUser(phones.filter(({ aor }) => /^\+?\d+$/.test(userOf(aor)) && userOf(aor).endsWith(number)));
}

function ofOneUser<Phone extends Pick<BindingRow, 'aor'>>(phones: Phone[]): Phone[] {
  return new Set(phones.map(({ aor }) => aor)).size > 1 ? [] : phones;
}

function userOf(aor: string): string {
  return aor.slice(0, aor.lastIndexOf('@'));
}
