/** What a foreign DHCP server has to know: how each vendor's phones are recognised and what they are told. Pure. */
import type { Config } from '../../config/schema.ts';
import { phoneOptions } from '../../dhcp/phone-options.ts';
import { nextOffsetChange, timeOffsetSeconds } from '../../phones/time-offset.ts';
import { vendorName, vendors, vendorSigns, type PhoneKind, type Vendor } from '../../phones/vendors.ts';
import { plainText } from '../table.ts';

/** A beginning of option 60, and for some its end. */
export interface ClassSign {
  readonly starts: Uint8Array;
  readonly ends?: Uint8Array;
}

/** Devices that are told the same. */
export interface PhoneClass {
  /** Letters, digits and dashes: fit for a name in any language. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly vendor: Vendor;
  readonly kind: PhoneKind;
  readonly signs: readonly ClassSign[];
  /** First three bytes of the MAC as `00:15:65`, for devices whose option 60 says nothing. */
  readonly ouis: readonly string[];
  /** Raw options by code, as our own server would send them. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export interface Snippet {
  /** As a comment may hold it: one line. */
  readonly site: string;
  readonly classes: readonly PhoneClass[];
  /** Devices that no rule tells from their maker's phones, with what they need instead. */
  readonly notToldApart: readonly { readonly name: string; readonly options: PhoneClass['options'] }[];
  /** Facts that the person who pastes this has to know, a sentence each. */
  readonly warnings: readonly string[];
}

const kindNames: Record<PhoneKind, string> = {
  phone: 'phones',
  ata: 'analog adapters',
  dect: 'DECT bases',
};

export function snippetOf(config: Config, now: number): Snippet {
  const all = vendors.flatMap((vendor) => classesOf(vendor, config, now));
  return {
    site: plainText(config.site.name),
    classes: all.filter(isRecognised),
    notToldApart: all.filter((one) => !isRecognised(one)),
    warnings: [...clockWarning(config, now), ...othersWarning(config)],
  };
}

function isRecognised({ signs, ouis }: PhoneClass): boolean {
  return signs.length > 0 || ouis.length > 0;
}

function classesOf(vendor: Vendor, config: Config, now: number): PhoneClass[] {
  const { ouis, classForms, enterprise, kinds } = vendorSigns(vendor);
  return kinds.map((kind, at) => {
    const isUsual = at === 0;
    const forms = classForms.filter((form) => (form.kind ?? kinds[0]) === kind);
    const signs = forms.map(({ starts, ends }) => ({
      starts: Buffer.from(starts, 'latin1'),
      ...(ends === undefined ? {} : { ends: Buffer.from(ends, 'latin1') }),
    }));
    return {
      id: isUsual ? vendor : `${vendor}-${kind}`,
      name: `${vendorName(vendor)} ${kindNames[kind]}`,
      vendor,
      kind,
      signs: isUsual && enterprise !== undefined ? [...signs, enterpriseSign(enterprise)] : signs,
      ouis: isUsual ? [...ouis] : [],
      options: phoneOptions({ vendor, kind }, config, now),
    };
  });
}

/** RFC 3925: a binary class begins with the maker's number. */
function enterpriseSign(enterprise: number): ClassSign {
  const starts = Buffer.alloc(4);
  starts.writeUInt32BE(enterprise);
  return { starts };
}

const yearMs = 366 * 86_400_000;

/** Option 2 is a number, and a server that isn't ours doesn't know when it changes. */
function clockWarning({ site }: Config, now: number): string[] {
  const change = nextOffsetChange(site.time_zone, now, yearMs);
  if (change === undefined) return [];
  const day = new Date(change).toISOString().slice(0, 10);
  const then = timeOffsetSeconds(site.time_zone, change);
  return [
    `Option 2 is right until the clocks change on ${day}: it must be ${then} then. Print and load this anew on that day.`,
  ];
}

function othersWarning({ dhcp }: Config): string[] {
  if (!dhcp.phone_options_for_others) return [];
  return ['phone_options_for_others is set, but this tells known phones only.'];
}
