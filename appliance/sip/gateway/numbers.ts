/** What the telephone network is shown, what may be called through the gateway, and whom a call from it is for. Pure. */
import type { Config } from '../../config/schema.ts';
import { e164Readings, type DialPlan } from '../dial-plan.ts';

export type NumberPlan = Pick<Config, 'gateway' | 'emergency'> & { readonly dialPlan: DialPlan };

export function numberPlan({ config, dialPlan }: { config: Config; dialPlan: DialPlan }): NumberPlan {
  return { gateway: config.gateway, emergency: config.emergency, dialPlan };
}

export interface ShownCaller {
  /** User part of the phone's own address. */
  readonly user: string;
  readonly isEmergency: boolean;
  /** Where it stands. */
  readonly place: string | undefined;
}

/** With `+`; undefined when nobody has told a number. */
export function shownNumber(
  caller: ShownCaller,
  { gateway, dialPlan: plan, emergency }: NumberPlan,
): string | undefined {
  const [own] = e164Readings(caller.user, plan);
  const elin = caller.isEmergency ? elinOf(caller.place, emergency.elin) : undefined;
  const usual = gateway.shown === 'phone' ? (own ?? gateway.number) : gateway.number;
  return elin ?? usual;
}

/** The most exact place counts. */
function elinOf(place: string | undefined, elins: Config['emergency']['elin']): string | undefined {
  if (place === undefined) return undefined;
  const fitting = elins.filter((entry) => isWithin(place, entry.place));
  return fitting.toSorted((a, b) => b.place.length - a.place.length)[0]?.number;
}

/** By whole words: building 20 is not in building 2. */
function isWithin(place: string, whole: string): boolean {
  const [inner, outer] = [place.trim().toLowerCase(), whole.trim().toLowerCase()];
  return inner.startsWith(outer) && !/^[\p{L}\p{N}]/u.test(inner.slice(outer.length));
}

/** A full number as the gateway wants to read it, and as it is dialled there. */
export function inForm(number: string, { gateway, dialPlan: plan }: NumberPlan): string {
  const digits = number.replace('+', '');
  if (gateway.shown_form === 'e164') return number;
  if (gateway.shown_form === 'digits' || plan.country_code === '') return digits;
  return digits.startsWith(plan.country_code)
    ? `${plan.national_prefix}${digits.slice(plan.country_code.length)}`
    : `${plan.international_prefix}${digits}`;
}

/** The full number to call, when the settings allow it. */
export function allowedNumber(dialled: string, { gateway, dialPlan: plan }: NumberPlan): string | undefined {
  // The reading with the outside-line prefix taken off is the last one.
  const full = e164Readings(dialled, plan).at(-1);
  return full !== undefined && gateway.prefixes.some((prefix) => full.startsWith(prefix)) ? full : undefined;
}

/** Gateways name a number in full, nationally, without `+`, by its last digits, or not at all. */
export function isSameNumber(full: string, called: string, { dialPlan: plan }: NumberPlan): boolean {
  const digits = called.replace(/^\+/, '');
  if (e164Readings(called, plan).includes(full)) return true;
  return /^\d{3,}$/.test(digits) && full.endsWith(digits);
}
