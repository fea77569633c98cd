/** What a kind of client is told with every lease: worked out once a kind and minute, not once a packet. */
import type { Config } from '../config/schema.ts';
import { postureFor } from '../phones/posture.ts';
import { recognisePhone, type RecognisedPhone } from '../phones/vendors.ts';
import { latin1Text } from '../protocol/bytes.ts';
import { encodeOptions, formatOption, optionCode } from '../protocol/dhcp-options.ts';
import { parseMac } from '../protocol/mac.ts';
import { netmask, parseCidr, parseIpv4 } from '../protocol/ipv4.ts';
import { addressList, phoneOptions } from './phone-options.ts';
import { posixTimeZone } from './posix-time-zone.ts';
import type { ClientRequest } from './request.ts';
import { nextOffsetChange } from '../phones/time-offset.ts';

export interface Profile {
  /** Undefined for anything but a phone. */
  readonly phone: RecognisedPhone | undefined;
  /** Option 60 as text. */
  readonly vendorClass: string | undefined;
  /** What a phone is told that other devices aren't, in the order that it asks in; empty for anything but a phone. */
  readonly ofPhone: ReadonlyMap<number, Uint8Array>;
  /** For a lease, most wanted first: times, then what the client asked for in its own order, then the rest. */
  readonly leaseOptions: ReadonlyMap<number, Uint8Array>;
  /** For an INFORM: the same without times. */
  readonly informOptions: ReadonlyMap<number, Uint8Array>;
  /** `leaseOptions` as JSON of text by number. */
  readonly sent: string;
}

/** What tells one kind of client from another. */
type Kind = Pick<ClientRequest, 'mac' | 'vendorClass' | 'message'>;

const nothing = new Uint8Array(0);

export type Profiles = (request: Kind, now: number) => Profile;

/** The site's offset from UTC changes on a full minute. */
const validMs = 60_000;
/** Clients choose options 55 and 60: more kinds than this are forgotten and worked out again. */
const maxProfiles = 2000;

/** `isLeaving`: this phone is given the cloud's own URL whatever the settings say. */
export function openProfiles(config: Config, isLeaving: (mac: string) => boolean = () => false): Profiles {
  const { posture_for: rules } = config.site;
  const named = new Set(rules.map(({ mac }) => mac && parseMac(mac)));
  const known = new Map<string, Profile>();
  let validUntil = 0;
  let minute = minuteAt(config, 0);
  return (request, now) => {
    if (now >= validUntil || now < validUntil - validMs || known.size >= maxProfiles) {
      known.clear();
      minute = minuteAt(config, now);
      validUntil = (Math.floor(now / validMs) + 1) * validMs;
    }
    const leaves = isLeaving(request.mac);
    // A phone that the settings name is a kind of its own.
    const who = named.has(request.mac) ? request.mac : '';
    const key = `${leaves ? '-' : ''}${who}${kindKey(request)}`;
    let profile = known.get(key);
    if (profile === undefined) {
      known.set(key, (profile = profileOf(request, ofPhone(config, request, leaves), minute)));
    }
    return profile;
  };
}

/** The settings as they are for this phone. */
function ofPhone(config: Config, { mac, vendorClass }: Kind, leaves: boolean): Config {
  const { posture: ofSite, posture_for: rules } = config.site;
  if (!leaves && rules.length === 0) return config;
  const posture = leaves
    ? 'assist'
    : postureFor(rules, { mac, ...recognisePhone({ mac, vendorClass }) }, ofSite);
  return { ...config, site: { ...config.site, posture } };
}

/** What is the same for all kinds. */
interface Minute {
  readonly now: number;
  /** When the offset from UTC changes before a lease is renewed; ms since 1970. */
  readonly offsetChange: () => number | undefined;
  /** Option 100; not worked out before somebody asks. */
  readonly posixTimeZone: () => string;
}

function minuteAt({ site, dhcp }: Config, now: number): Minute {
  let posix: string | undefined;
  let change: { readonly at: number | undefined } | undefined;
  return {
    now,
    offsetChange: () =>
      (change ??= { at: nextOffsetChange(site.time_zone, now, renewalSeconds(dhcp) * 1000) }).at,
    posixTimeZone: () => (posix ??= posixTimeZone(site.time_zone, now)),
  };
}

/** Of fixed length, with its length before it, and to the end: no two kinds share a key. */
function kindKey({ vendorClass = nothing, message: { chaddr, options } }: Kind): string {
  const wanted = options.get(optionCode.parameterRequestList) ?? nothing;
  const head = [chaddr[0] ?? 0, chaddr[1] ?? 0, chaddr[2] ?? 0, vendorClass.length >> 8, vendorClass.length];
  return Buffer.concat([Uint8Array.from(head), vendorClass, wanted]).toString('latin1');
}

function profileOf({ mac, vendorClass, message }: Kind, config: Config, minute: Minute): Profile {
  const { now } = minute;
  const phone = recognisePhone({ mac, vendorClass });
  const wanted = message.options.get(optionCode.parameterRequestList) ?? new Uint8Array(0);
  const isServed = phone !== undefined || config.dhcp.phone_options_for_others;
  const served = isServed ? phoneOptions(phone, config, now) : new Map<number, Uint8Array>();
  const told = new Map([
    ...served,
    ...networkOptions(config),
    ...(isServed ? zoneOptions(config, minute, wanted) : []),
  ]);
  const informOptions = inOrder(told, wanted);
  const leaseOptions = new Map([...times(config, isServed ? minute : undefined), ...informOptions]);
  const sent = Array.from(leaseOptions, ([code, bytes]) => [code, formatOption(code, bytes)] as const);
  return {
    phone,
    vendorClass: vendorClass && latin1Text(vendorClass),
    ofPhone: phone === undefined ? new Map() : inOrder(served, wanted),
    leaseOptions,
    informOptions,
    sent: JSON.stringify(Object.fromEntries(sent)),
  };
}

/** In the order that the client asks in (RFC 2132 section 9.8), then what it didn't ask for. */
function inOrder(options: ReadonlyMap<number, Uint8Array>, wanted: Uint8Array): Map<number, Uint8Array> {
  const first = Array.from(new Set(wanted)).flatMap((code) => {
    const value = options.get(code);
    return value === undefined ? [] : [[code, value] as const];
  });
  return new Map([...first, ...options]);
}

function renewalSeconds({ lease_seconds }: Config['dhcp']): number {
  return Math.floor(lease_seconds / 2);
}

/** `told` undefined: the client is not told the time, and needs not renew when clocks change. */
function times({ dhcp }: Config, told: Minute | undefined): Map<number, Uint8Array> {
  const leaseTime = dhcp.lease_seconds;
  const renewalTime = renewalSeconds(dhcp);
  const change = told?.offsetChange();
  return encodeOptions({
    leaseTime,
    renewalTime:
      change === undefined || told === undefined
        ? renewalTime
        : // A phone learns of summer time when it renews: then it should do so just after the clocks change. This profile
          // serves for up to a minute more, and nobody may be told to renew before.
          Math.min(renewalTime, Math.floor((change - told.now + validMs) / 1000)),
    rebindingTime: Math.floor((leaseTime * 7) / 8),
  });
}

function networkOptions({ dhcp }: Config): Map<number, Uint8Array> {
  const network = encodeOptions({
    subnetMask: parseIpv4(netmask(parseCidr(dhcp.subnet ?? '0.0.0.0/0').prefix)),
  });
  // An empty list can't be sent: it means that the option isn't.
  if (dhcp.routers.length > 0) network.set(optionCode.routers, addressList(dhcp.routers));
  if (dhcp.dns_servers.length > 0) network.set(optionCode.dnsServers, addressList(dhcp.dns_servers));
  return network;
}

/** RFC 4833, only for those who ask: few phones do, and small ones refuse long answers. */
function zoneOptions({ site }: Config, minute: Minute, wanted: Uint8Array): Map<number, Uint8Array> {
  const { posixTimeZone: posix, timeZoneName: name } = optionCode;
  return encodeOptions({
    ...(wanted.includes(posix) && { posixTimeZone: minute.posixTimeZone() }),
    ...(wanted.includes(name) && { timeZoneName: site.time_zone }),
  });
}
