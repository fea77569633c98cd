/** Whose phone is this: by DHCP option 60, HTTP or SIP User-Agent, and OUI, against `firmware-templates/vendors.json`. */
import data from '../../firmware-templates/vendors.json' with { type: 'json' };
import { latin1Text } from '../protocol/bytes.ts';
import { parseMac } from '../protocol/mac.ts';

export type Vendor =
  | 'yealink'
  | 'poly'
  | 'cisco'
  | 'audiocodes'
  | 'ale'
  | 'snom'
  | 'gigaset'
  | 'spectralink'
  | 'ascom'
  | 'algo'
  | '2n';

/** `phone` is a desk or conference phone, `ata` an analog adapter, `dect` a DECT base. */
export type PhoneKind = 'phone' | 'ata' | 'dect';

/** What a device has shown of itself so far. */
export interface Evidence {
  readonly mac?: string | undefined;
  /** DHCP option 60 as it came: some phones end it with NUL, Poly's may be binary (RFC 3925). */
  readonly vendorClass?: Uint8Array | undefined;
  readonly userAgent?: string | undefined;
}

export interface RecognisedPhone {
  readonly vendor: Vendor;
  readonly kind: PhoneKind;
  /** As the device names it; undefined when it didn't. */
  readonly model?: string;
}

/** A spelling of option 60 that other DHCP servers can look for: they have no regular expressions. */
export interface ClassForm {
  readonly starts: string;
  readonly ends?: string;
  /** As a device sends it, where that is more than its beginning. */
  readonly example?: string;
  /** Left out: a phone. */
  readonly kind?: PhoneKind;
}

/** How the provisioning URL is written: whole, or only the host or address to ask. */
export type UrlForm = 'url' | 'host' | 'address';

/** Where a maker's phones look for their provisioning URL. */
export interface UrlCarrier {
  /** DHCP options. Empty: Microsoft names none for this maker (G-15, G-16). */
  readonly options: readonly number[];
  readonly form: UrlForm;
  /** Where inside option 43, for makers that use it. */
  readonly subOption?: number;
}

/** Tells phones their VLAN, from the network that they start on. */
export interface VlanOption {
  readonly option: number;
  /** `{id}` stands for the number. */
  readonly text: string;
}

interface VendorRow {
  readonly id: Vendor;
  readonly name: string;
  readonly ouis: ReadonlySet<string>;
  readonly vendorClass: readonly RegExp[];
  readonly classForms: readonly ClassForm[];
  readonly userAgent: readonly RegExp[];
  readonly enterprise: number | undefined;
  readonly url: UrlCarrier;
  readonly vlan: VlanOption | undefined;
  readonly suffix: Readonly<Partial<Record<PhoneKind, string>>>;
  readonly kinds: readonly (readonly [PhoneKind, readonly RegExp[]])[];
  readonly model: readonly RegExp[];
}

const rows: readonly VendorRow[] = data.vendors.map((row) => ({
  id: row.id as Vendor,
  name: row.name,
  ouis: new Set<string>(row.ouis),
  vendorClass: patterns(row.vendorClass),
  classForms: row.classForms as readonly ClassForm[],
  userAgent: patterns(row.userAgent),
  enterprise: 'enterprise' in row ? row.enterprise : undefined,
  url: row.url as UrlCarrier,
  vlan: 'vlan' in row ? row.vlan : undefined,
  suffix: row.suffix,
  kinds: Object.entries(row.kinds).map(([kind, texts]) => [kind as PhoneKind, patterns(texts)] as const),
  model: patterns(row.model),
}));

const rowOf = new Map(rows.map((row) => [row.id, row]));

export const vendors: readonly Vendor[] = rows.map(({ id }) => id);

/** What people call this maker. */
export function vendorName(vendor: Vendor): string {
  return rowOf.get(vendor)?.name ?? vendor;
}

/** How devices of this maker are told from others by servers that are not ours. */
export interface VendorSigns {
  readonly ouis: ReadonlySet<string>;
  readonly classForms: readonly ClassForm[];
  /** IANA number that a binary option 60 begins with (RFC 3925). */
  readonly enterprise: number | undefined;
  /** Kinds whose URL ends in their own way, the usual one first. */
  readonly kinds: readonly PhoneKind[];
}

export function vendorSigns(vendor: Vendor): VendorSigns {
  const row = rowOf.get(vendor);
  if (row === undefined) throw new TypeError(`no vendor "${vendor}"`);
  const { ouis, classForms, enterprise, suffix } = row;
  return { ouis, classForms, enterprise, kinds: Object.keys(suffix) as PhoneKind[] };
}

/** A device of no known maker may look in either of the usual places. */
export function urlCarrier(vendor: Vendor | undefined): UrlCarrier {
  const row = vendor === undefined ? undefined : rowOf.get(vendor);
  return row?.url ?? { options: [66, 160], form: 'url' };
}

/** Undefined for makers whose option is not known. */
export function vlanOption(vendor: Vendor): VlanOption | undefined {
  return rowOf.get(vendor)?.vlan;
}

/** What the URL ends in for this kind of device (G-19, G-20). */
export function urlSuffix(vendor: Vendor, kind: PhoneKind): string {
  const suffix = rowOf.get(vendor)?.suffix;
  return suffix?.[kind] ?? suffix?.phone ?? '';
}

export function recogniseVendor(evidence: Evidence): Vendor | undefined {
  return findRow(evidence)?.id;
}

/** Like {@link recogniseVendor}, with kind and model as far as the evidence tells them. */
export function recognisePhone(evidence: Evidence): RecognisedPhone | undefined {
  const row = findRow(evidence);
  if (row === undefined) return undefined;
  const texts = [classText(evidence.vendorClass), shortened(evidence.userAgent)];
  const kind = row.kinds.find(([, found]) => texts.some((text) => isMatch(found, text)))?.[0] ?? 'phone';
  const model = texts.flatMap((text) => row.model.map((pattern) => pattern.exec(text)?.[1])).find(Boolean);
  return { vendor: row.id, kind, ...(model === undefined ? {} : { model }) };
}

/** What a device says of itself goes before its OUI, which may be that of a network module. */
function findRow({ vendorClass, userAgent, mac }: Evidence): VendorRow | undefined {
  const said = classText(vendorClass);
  const enterprise = enterpriseOf(vendorClass);
  const agent = shortened(userAgent);
  const oui = mac === undefined ? undefined : parseMac(mac)?.slice(0, 8);
  return (
    rows.find(
      (row) => (enterprise !== undefined && row.enterprise === enterprise) || isMatch(row.vendorClass, said),
    ) ??
    rows.find((row) => isMatch(row.userAgent, agent)) ??
    (oui === undefined ? undefined : rows.find((row) => row.ouis.has(oui)))
  );
}

function patterns(texts: readonly string[]): RegExp[] {
  return texts.map((text) => new RegExp(text, 'i'));
}

function isMatch(candidates: readonly RegExp[], text: string): boolean {
  return text !== '' && candidates.some((pattern) => pattern.test(text));
}

/** Option 60 as text, without the NUL that some Cisco models end it with. */
function classText(vendorClass: Uint8Array | undefined): string {
  return vendorClass === undefined ? '' : latin1Text(vendorClass);
}

/** RFC 3925: the first four bytes are the maker's enterprise number, and a printable class never starts with NUL. */
function enterpriseOf(vendorClass: Uint8Array | undefined): number | undefined {
  if (vendorClass === undefined || vendorClass.length < 5 || vendorClass[0] !== 0) return undefined;
  return Buffer.from(vendorClass).readUInt32BE(0);
}

/** A hostile header must not cost time. */
function shortened(userAgent: string | undefined): string {
  return (userAgent ?? '').slice(0, 512);
}
