/** Which phones are on the network, how the box knows, and what it takes to lead each through the box. Pure. */
import { parseCsv } from '../protocol/csv.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { parseMac } from '../protocol/mac.ts';
import { adoptionOf, type AdoptionKnowledge } from '../phones/adoption.ts';
import { recogniseVendor, vendorName, type Vendor } from '../phones/vendors.ts';
import type { PhoneRow } from '../store/phones.ts';

export type Source = 'lease' | 'configuration' | 'registration' | 'switch' | 'arp' | 'lldp' | 'csv';

/**
 * `led`: its configuration comes through the box. `direct`: it has asked here, and goes to the cloud by itself. `named`: its
 * lease names the box, it has not asked. `away`: it was ordered back or its wave waits. `elsewhere`: nothing names the box
 * to it.
 */
export type AdoptionState = 'led' | 'direct' | 'named' | 'away' | 'elsewhere';

export interface AdoptablePhone {
  readonly mac: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly ip?: string;
  readonly sources: readonly Source[];
  readonly state: AdoptionState;
  readonly wave?: number;
  readonly withoutReset: AdoptionKnowledge['withoutReset'];
  readonly next: string;
}

export interface Seen {
  readonly mac: string;
  readonly ip?: string;
  readonly model?: string;
  readonly source: Source;
}

interface Facts {
  readonly phones: readonly PhoneRow[];
  /** By other means than the box's own parts; who is no phone of a known make is left out. */
  readonly seen: readonly Seen[];
  readonly waves: ReadonlyMap<string, number>;
}

/** Sorted by MAC. */
export function adoptablePhones({ phones, seen, waves }: Facts): AdoptablePhone[] {
  const known = new Map(phones.map((phone) => [phone.mac, phone]));
  // An export of the admin center names phones only: there the make need not be known.
  const others = seen.filter(({ mac, source }) => source === 'csv' || recogniseVendor({ mac }) !== undefined);
  const macs = new Set([...known.keys(), ...others.map(({ mac }) => mac)]);
  return [...macs].toSorted().map((mac) => {
    const signs = others.filter((one) => one.mac === mac);
    const wave = waves.get(mac);
    return { ...described(mac, known.get(mac), signs), ...(wave === undefined ? {} : { wave }) };
  });
}

function described(mac: string, phone: PhoneRow | undefined, signs: readonly Seen[]): AdoptablePhone {
  const vendor = (phone?.vendor ?? recogniseVendor({ mac })) as Vendor | undefined;
  const model = phone?.model ?? signs.find((one) => one.model !== undefined)?.model;
  const ip = phone?.ip ?? signs.find((one) => one.ip !== undefined)?.ip;
  const state = stateOf(phone);
  const { withoutReset, how } = adoptionOf(vendor);
  return {
    mac,
    ...(vendor === undefined ? {} : { vendor: vendorName(vendor) }),
    ...(model === undefined ? {} : { model }),
    ...(ip === undefined ? {} : { ip }),
    sources: [
      ...(phone === undefined ? [] : ownSources(phone)),
      ...new Set(signs.map(({ source }) => source)),
    ],
    state,
    withoutReset,
    next: state === 'named' ? how : nextSteps[state],
  };
}

const nextSteps: Readonly<Record<Exclude<AdoptionState, 'named'>, string>> = {
  led: 'Nothing: it is led through the box.',
  direct:
    'Nothing: place and calls to emergency numbers work as its make allows, its configuration does not come through the box.',
  away: 'Start its wave, or take the bypass back.',
  elsewhere:
    'Its place is found without any change. For more, let its DHCP server name the box (`gatehouse snippet`) and pilot one.',
};

function stateOf(phone: PhoneRow | undefined): AdoptionState {
  if (phone === undefined) return 'elsewhere';
  if (phone.leaving !== undefined) return 'away';
  if (phone.reached.configured !== undefined) return phone.posture === 'assist' ? 'direct' : 'led';
  return phone.reached.leased === undefined ? 'elsewhere' : 'named';
}

function ownSources({ reached, port }: PhoneRow): Source[] {
  return [
    ...(reached.leased === undefined ? [] : (['lease'] as const)),
    ...(reached.configured === undefined ? [] : (['configuration'] as const)),
    ...(reached.registered === undefined ? [] : (['registration'] as const)),
    ...(port === undefined ? [] : (['switch'] as const)),
  ];
}

const macColumn = /^mac(?: ?(?:id|address))?$|^hardware ?id$/i;

/** Phones of an export of the admin center: a column of MACs by any of its names. Throws a DecodeError for a person. */
export function phonesInCsv(text: string): Seen[] {
  const [head = [], ...rows] = parseCsv(text);
  const at = (name: RegExp) => head.findIndex((cell) => name.test(cell));
  const [mac, model, ip] = [at(macColumn), at(/^model$/i), at(/^ip(?: ?address)?$/i)];
  if (mac === -1) throw new DecodeError(`no column "MAC address" among ${head.join(', ').slice(0, 200)}`);
  return rows.map((row, line) => {
    // An adapter's port is written behind its MAC.
    const found = parseMac((row[mac] ?? '').replace(/:\d{3}$/, ''));
    if (found === undefined)
      throw new DecodeError(`row ${line + 2}: "${(row[mac] ?? '').slice(0, 40)}" is no MAC address`);
    return {
      mac: found,
      source: 'csv',
      ...(row[model] ? { model: row[model] } : {}),
      ...(row[ip] ? { ip: row[ip] } : {}),
    };
  });
}
