/** What a REGISTER tells of the phone that sent it, as a binding keeps it. */
import { headerValue } from '../protocol/sip-headers.ts';
import type { BindingRow } from '../store/bindings.ts';
import { addressOf, type Application } from './application.ts';
import { readContacts } from './contacts.ts';
import { macInUserAgent } from './phone-mac.ts';
import type { Incoming } from './srf.ts';

type OfPhone = Pick<BindingRow, 'mac' | 'contact' | 'source' | 'transport' | 'user_agent'>;

export function registeringPhone({ leaseMac }: Pick<Application, 'leaseMac'>, request: Incoming): OfPhone {
  const userAgent = headerValue(request, 'User-Agent');
  return {
    mac: leaseMac(addressOf(request.source)) ?? macInUserAgent(userAgent ?? '') ?? null,
    contact: readContacts(request).registered.join(', '),
    source: request.source,
    transport: request.transport,
    user_agent: userAgent ?? null,
  };
}
