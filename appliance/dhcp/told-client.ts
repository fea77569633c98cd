/** What is written down of a client that has its address from another server. Pure. */
import { DecodeError } from '../protocol/bytes.ts';
import { formatOption } from '../protocol/dhcp-options.ts';
import type { ToldClient } from '../store/told-client.ts';
import type { Profile } from './profile.ts';
import type { ClientRequest } from './request.ts';

/** `told` are the options that reached it; kept are those that phones need. */
export function toldClient(
  { mac, hostName: hostname }: Pick<ClientRequest, 'mac' | 'hostName'>,
  { phone, vendorClass, ofPhone }: Profile,
  told: (code: number) => Uint8Array | undefined,
): ToldClient {
  const sent = Array.from(ofPhone.keys()).flatMap((code) => {
    const value = told(code);
    return value === undefined ? [] : [[String(code), textOf(code, value)] as const];
  });
  return {
    mac,
    sent: Object.fromEntries(sent),
    ...(phone === undefined ? {} : { vendor: phone.vendor }),
    ...(vendorClass === undefined ? {} : { vendorClass }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

/** The other server may have sent anything. */
function textOf(code: number, value: Uint8Array): string {
  try {
    return formatOption(code, value);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return Buffer.from(value).toString('hex');
  }
}
