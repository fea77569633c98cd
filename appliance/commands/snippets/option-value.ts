/** Options as other servers' languages write them: plain text where nothing needs escaping, bytes otherwise. Pure. */
import { optionCode } from '../../protocol/dhcp-options.ts';
import { formatIpv4 } from '../../protocol/ipv4.ts';

export type OptionValue =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'addresses'; readonly value: readonly string[] }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'bytes' };

/** Nothing in it ends a string, begins an escape or a comment, or separates values in any of the languages. */
const isPlain = /^[A-Za-z0-9:/._$=+~ -]+$/;

export function optionValue(code: number, bytes: Uint8Array): OptionValue {
  if (code === optionCode.timeOffset) return { type: 'number', value: Buffer.from(bytes).readInt32BE(0) };
  if (code === optionCode.ntpServers) return { type: 'addresses', value: addresses(bytes) };
  const text = Buffer.from(bytes).toString('latin1');
  return code !== optionCode.vendorSpecific && isPlain.test(text)
    ? { type: 'text', value: text }
    : { type: 'bytes' };
}

/** For comments. */
export function describeOption(code: number, bytes: Uint8Array): string {
  const value = optionValue(code, bytes);
  if (value.type === 'bytes') return hexDigits(bytes);
  return value.type === 'addresses' ? value.value.join(', ') : String(value.value);
}

export function hexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** `68:74:74:70` */
export function colonHex(bytes: Uint8Array): string {
  return hexDigits(bytes).replace(/..(?=.)/g, '$&:');
}

function addresses(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes);
  return Array.from({ length: view.length / 4 }, (_, at) => formatIpv4(view.readUInt32BE(at * 4)));
}
