/** What a kind of client is told with every lease: worked out once a kind and minute, not once a packet. */
import type { Config } from '../config-schema.ts';
import { recognisePhone, type RecognisedPhone } from '../phones/vendors.ts';
import { encodeOptions, formatOption } from '../protocol/dhcp-options.ts';
import { netmask, parseCidr, parseIpv4 } from '../protocol/ipv4.ts';
import { addressList, phoneOptions } from './phone-options.ts';
import { nextOffsetChange } from './time-offset.ts';
import type { ClientRequest } from './request.ts';

export interface Profile {
  /** Undefined for anything but a phone. */
  readonly phone: RecognisedPhone | undefined;
  /** Option 60 as text. */
  readonly vendorClass: string | undefined;
  /** For a lease: times first, then what phones need most. */
  readonly leaseOptions: ReadonlyMap<number, Uint8Array>;
  /** For an INFORM: the same without times. */
  readonly informOptions: ReadonlyMap<number, Uint8Array>;
  /** `leaseOptions` as JSON of text by number. */
  readonly sent: string;
}

export type Profiles = (request: Pick<ClientRequest, 'mac' | 'vendorClass'>, now: number) => Profile;

/** The site's offset from UTC changes on a full minute. */
const validMs = 60_000;
/** Clients choose option 60: more kinds than this are forgotten and worked out again. */
const maxProfiles = 2000;

/** `isLeaving`: this phone is given the cloud's own URL whatever the settings say. */
export function openProfiles(config: Config, isLeaving: (mac: string) => boolean = () => false): Profiles {
  const assisting: Config = { ...config, site: { ...config.site, posture: 'assist' } };
  const known = new Map<string, Profile>();
  const { times, network } = commonOptions(config);
  let validUntil = 0;

  const make = (
    { mac, vendorClass }: Pick<ClientRequest, 'mac' | 'vendorClass'>,
    { now, leaves }: { now: number; leaves: boolean },
  ): Profile => {
    const phone = recognisePhone({ mac, vendorClass });
    const ofPhone =
      phone === undefined
        ? new Map<number, Uint8Array>()
        : phoneOptions(phone, leaves ? assisting : config, now);
    const leaseOptions = new Map([
      ...times,
      ...(phone === undefined ? [] : earlyRenewal(config, now)),
      ...ofPhone,
      ...network,
    ]);
    const sent = [...leaseOptions].map(([code, bytes]) => [code, formatOption(code, bytes)] as const);
    return {
      phone,
      vendorClass: vendorClass && Buffer.from(vendorClass).toString('latin1').replace(/\0+$/, ''),
      leaseOptions,
      informOptions: new Map([...ofPhone, ...network]),
      sent: JSON.stringify(Object.fromEntries(sent)),
    };
  };

  return (request, now) => {
    if (now >= validUntil || now < validUntil - validMs || known.size >= maxProfiles) {
      known.clear();
      validUntil = (Math.floor(now / validMs) + 1) * validMs;
    }
    const leaves = isLeaving(request.mac);
    const oui = `${leaves ? '-' : ''}${request.mac.slice(0, 8)}`;
    const key =
      request.vendorClass === undefined ? oui : oui + Buffer.from(request.vendorClass).toString('latin1');
    let profile = known.get(key);
    if (profile === undefined) known.set(key, (profile = make(request, { now, leaves })));
    return profile;
  };
}

/** A phone learns of daylight saving time when it renews: then it should do so just after the clocks change. */
function earlyRenewal({ site, dhcp }: Config, now: number): Map<number, Uint8Array> {
  const renewalMs = (dhcp.lease_seconds / 2) * 1000;
  const change = nextOffsetChange(site.time_zone, now, renewalMs);
  if (change === undefined) return new Map();
  // This profile serves for up to a minute more, and nobody may be told to renew before the change.
  return encodeOptions({ renewalTime: Math.floor((change - now + validMs) / 1000) });
}

function commonOptions({ dhcp }: Config) {
  const seconds = dhcp.lease_seconds;
  const times = encodeOptions({
    leaseTime: seconds,
    renewalTime: Math.floor(seconds / 2),
    rebindingTime: Math.floor((seconds * 7) / 8),
  });
  const network = encodeOptions({
    subnetMask: parseIpv4(netmask(parseCidr(dhcp.subnet ?? '0.0.0.0/0').prefix)),
  });
  // An empty list can't be sent: it means that the option isn't.
  if (dhcp.routers.length > 0) network.set(3, addressList(dhcp.routers));
  if (dhcp.dns_servers.length > 0) network.set(6, addressList(dhcp.dns_servers));
  return { times, network };
}
