/** What is dialled on this site, and whose phone that is. Pure. */
import { splitValues } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { SiteNumber } from '../store/site-numbers.ts';
import { diallingRules, type DiallingRules } from './dialling-rules.ts';

/** As in the settings. */
export interface DialSettings {
  /** Without `+`; empty: numbers are only compared as they are. */
  readonly country_code: string;
  /** Left out: that of the country. */
  readonly national_prefix?: string;
  readonly international_prefix?: string;
  /** Dialled to leave the site; empty where there is none. */
  readonly outside_line_prefix: string;
  /** Digits of a number inside; 0: none are dialled. */
  readonly extension_length: number;
}

/** The site's own list of numbers. */
export interface NumberList {
  /** Whose number or extension one of these is, as MAC or user; undefined: none is in the list. */
  phoneOf(numbers: readonly string[]): string | undefined;
}

export function numberList(numbers: readonly SiteNumber[]): NumberList {
  const phones = new Map(
    numbers.flatMap((entry) => dialledOf(entry).map((dialled) => [dialled, entry.phone])),
  );
  return {
    phoneOf: (wanted) => wanted.map((number) => phones.get(number)).find((phone) => phone !== undefined),
  };
}

/** What is dialled for an entry of the list. */
export function dialledOf({ number, extension }: SiteNumber): string[] {
  return [number, extension].filter((dialled) => dialled !== undefined);
}

export interface DialPlan extends Required<DialSettings> {
  readonly rules: Omit<DiallingRules, 'national'>;
  readonly list?: NumberList;
}

export function newDialPlan(settings: DialSettings, list?: NumberList): DialPlan {
  const { national, ...usual } = diallingRules(settings.country_code);
  const { international_prefix: own } = settings;
  const rules = { ...usual, international: own === undefined ? usual.international : ([own] as const) };
  return {
    national_prefix: national,
    international_prefix: rules.international[0],
    ...settings,
    rules,
    ...(list === undefined ? {} : { list }),
  };
}

/** User part of a `sip:` or `tel:` URI without what only makes it readable; `` when there is none. */
export function dialledNumber(uri: string): string {
  const [, sip, tel] = /^(?:sips?:([^@]+)@|tel:([^;]+))/i.exec(uri) ?? [];
  const [number = ''] = (sip ?? tel ?? '').split(';');
  // `+49 (0)30`: the zero is for those who dial inside the country.
  return number.replace('(0)', '').replaceAll(/[-.() ]/g, '');
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
  const { country_code: country, national_prefix: national } = plan;
  const { international, bare, carrier } = plan.rules;
  if (number.startsWith('+')) return whole(number.slice(1));
  if (!/^\d{6,20}$/.test(number) || country === '') return undefined;
  const abroad = international.find((prefix) => prefix !== '' && number.startsWith(prefix));
  if (abroad !== undefined) return whole(number.slice(abroad.length + carrier));
  const isPrefixed = national !== '' && number.startsWith(national);
  const own = isPrefixed ? number.slice(national.length) : number;
  const isNational = bare.length > 0 ? bare.includes(own.length) : isPrefixed || national === '';
  if (!isNational) return undefined;
  return whole(`${country}${own.length > longestWithoutCarrier && carrier > 0 ? own.slice(carrier) : own}`);
}

/** Area code and number; with a carrier's two digits it is longer. */
const longestWithoutCarrier = 11;

/** E.164 numbers have at most fifteen digits, and no calling code begins with 0. */
function whole(digits: string): string | undefined {
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : undefined;
}

/** What is told of a phone here. `reply` is what its registrar answered, as JSON. */
type Registered = Pick<BindingRow, 'aor'> & Partial<Pick<BindingRow, 'mac' | 'reply'>>;

/**
 * The phones that this number belongs to, all of one user; none when nobody here has it, or when an extension fits several.
 * The site's own list goes before what registrations tell, and full numbers before extensions.
 */
export function phonesOf<Phone extends Registered>(
  number: string,
  phones: readonly Phone[],
  plan: DialPlan,
): Phone[] {
  if (number === '') return [];
  const dialled = e164Readings(number, plan);
  const listed = plan.list?.phoneOf([number, ...dialled]);
  if (listed !== undefined) return phones.filter((phone) => isListed(phone, listed));
  const exact = phones.filter(({ aor }) => userOf(aor) === number);
  if (exact.length > 0) return ofOneUser(exact);
  const full = phones.filter((phone) =>
    numbersOf(phone).some((own) => e164Readings(own, plan).some((reading) => dialled.includes(reading))),
  );
  if (full.length > 0) return ofOneUser(full);
  const isExtension = plan.extension_length > 0 && new RegExp(`^\\d{${plan.extension_length}}$`).test(number);
  if (!isExtension) return [];
  return ofOneUser(phones.filter((phone) => numbersOf(phone).some((own) => own.endsWith(number))));
}

/** Numbers that a registration tells: the account's own, and what the registrar says besides (RFC 7315, P-Associated-URI). */
export function numbersOf({ aor, reply = '[]' }: Registered): string[] {
  const associated = (JSON.parse(reply) as SipHeader[])
    .filter(({ name }) => name === 'P-Associated-URI')
    .flatMap(({ value }) => splitValues(value))
    .map((value) => dialledNumber(/<([^>]*)>/.exec(value)?.[1] ?? value.trim()));
  return [...new Set([userOf(aor), ...associated])].filter((number) => /^\+?\d+$/.test(number));
}

/** `listed` is a MAC or a user. */
export function isListed({ aor, mac }: Registered, listed: string): boolean {
  return mac === listed || userOf(aor) === listed;
}

function ofOneUser<Phone extends Registered>(phones: Phone[]): Phone[] {
  return new Set(phones.map(({ aor }) => aor)).size > 1 ? [] : phones;
}

function userOf(aor: string): string {
  return aor.slice(0, aor.lastIndexOf('@'));
}
