/** What a phone is told that nobody else is: provisioning URL, time server, time zone, voice VLAN (G-15 to G-22). */
import type { Config } from '../config/schema.ts';
import { boxUrl, provisioningUrl, regionUrl } from '../phones/url.ts';
import { urlCarrier, vlanOption, type RecognisedPhone, type UrlForm } from '../phones/vendors.ts';
import { optionCode } from '../protocol/dhcp-options.ts';
import { encodeSubOptions } from '../protocol/dhcp-vendor-options.ts';
import { parseIpv4 } from '../protocol/ipv4.ts';
import { timeOffsetSeconds } from '../phones/time-offset.ts';

/** Raw options in the order in which they matter to a phone; an undefined `phone` is a device of no known vendor. */
export function phoneOptions(
  phone: RecognisedPhone | undefined,
  config: Config,
  now: number,
): Map<number, Uint8Array> {
  const { site, dhcp } = config;
  const options = urlOptions(phone, config);
  const timeServers = dhcp.ntp_servers.length > 0 ? dhcp.ntp_servers : [site.address];
  options.set(optionCode.ntpServers, addressList(timeServers));
  const offset = Buffer.alloc(4);
  offset.writeInt32BE(timeOffsetSeconds(site.time_zone, now));
  options.set(optionCode.timeOffset, offset);
  const vlan = phone && vlanOption(phone.vendor);
  if (vlan !== undefined && dhcp.voice_vlan !== undefined) {
    options.set(vlan.option, latin1(vlan.text.replace('{id}', String(dhcp.voice_vlan))));
  }
  return options;
}

/** The settings may say otherwise than what is known of the vendor. */
function urlOptions(phone: RecognisedPhone | undefined, config: Config): Map<number, Uint8Array> {
  const known = urlCarrier(phone?.vendor);
  const own = config.dhcp.vendor.find(({ vendor }) => vendor === phone?.vendor);
  const value = latin1(inForm(phoneUrl(phone, config), own?.form ?? known.form, config));
  return new Map(
    (own?.options ?? known.options).map((code) => [
      code,
      code === optionCode.vendorSpecific && known.subOption !== undefined
        ? encodeSubOptions(new Map([[known.subOption, value]]))
        : value,
    ]),
  );
}

/** The cloud's own address where the box stays out of provisioning, the box's otherwise. */
export function phoneUrl(phone: RecognisedPhone | undefined, { site, provisioning }: Config): string {
  return provisioningUrl({
    vendor: phone?.vendor,
    kind: phone?.kind,
    base: site.posture === 'assist' ? regionUrl(site.region) : boxUrl(site.address, provisioning.http_port),
    tenantId: site.tenant_id,
    language: site.language,
  });
}

function inForm(url: string, form: UrlForm, { site }: Config): string {
  if (form === 'url') return url;
  // The cloud has no address of its own to name.
  return form === 'host' || site.posture === 'assist' ? new URL(url).host : site.address;
}

export function addressList(addresses: readonly string[]): Uint8Array {
  const bytes = Buffer.alloc(addresses.length * 4);
  addresses.forEach((address, at) => bytes.writeUInt32BE(parseIpv4(address), at * 4));
  return bytes;
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
