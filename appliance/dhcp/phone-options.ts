/** What a phone is told that nobody else is: provisioning URL, time server, offset from UTC (G-15 to G-22). */
import type { Config } from '../config-schema.ts';
import { boxUrl, provisioningUrl, regionUrl } from '../phones/url.ts';
import { urlOptions, type RecognisedPhone } from '../phones/vendors.ts';
import { optionCode } from '../protocol/dhcp-options.ts';
import { parseIpv4 } from '../protocol/ipv4.ts';
import { timeOffsetSeconds } from './time-offset.ts';

/** Raw options in the order in which they matter to a phone. */
export function phoneOptions(phone: RecognisedPhone, config: Config, now: number): Map<number, Uint8Array> {
  const { site, dhcp } = config;
  const options = new Map<number, Uint8Array>();
  const url = Buffer.from(phoneUrl(phone, config), 'latin1');
  for (const code of urlOptions(phone.vendor)) options.set(code, url);
  const timeServers = dhcp.ntp_servers.length > 0 ? dhcp.ntp_servers : [site.address];
  options.set(optionCode.ntpServers, addressList(timeServers));
  const offset = Buffer.alloc(4);
  offset.writeInt32BE(timeOffsetSeconds(site.time_zone, now));
  options.set(optionCode.timeOffset, offset);
  return options;
}

/** The cloud's own address where the box stays out of provisioning, the box's otherwise. */
export function phoneUrl({ vendor, kind }: RecognisedPhone, { site, provisioning }: Config): string {
  return provisioningUrl({
    vendor,
    kind,
    base: site.posture === 'assist' ? regionUrl(site.region) : boxUrl(site.address, provisioning.http_port),
    tenantId: site.tenant_id,
    language: site.language,
  });
}

export function addressList(addresses: readonly string[]): Uint8Array {
  const bytes = Buffer.alloc(addresses.length * 4);
  addresses.forEach((address, at) => bytes.writeUInt32BE(parseIpv4(address), at * 4));
  return bytes;
}
