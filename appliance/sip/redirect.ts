/** What a 3xx may offer a caller (RFC 3261 section 8.1.3.4). */
import { formatNameAddress, listValues, parseNameAddress } from '../protocol/sip-headers.ts';
import { SipSyntaxError, type SipHeader } from '../protocol/sip-message.ts';
import { formatSipUri, parseSipUri } from '../protocol/sip-uri.ts';
import { isNumber, ledTo, type Whereto } from './whereto.ts';

/** Of a 3xx, what the other leg is told of its Contacts. Empty although there were some: it leads nowhere. */
export function allowedContacts(headers: readonly SipHeader[], whereto: Whereto): SipHeader[] {
  return listValues({ headers }, 'Contact').flatMap((value) => {
    const allowed = allowedContact(value, whereto);
    return allowed === undefined ? [] : [{ name: 'Contact', value: allowed }];
  });
}

function allowedContact(value: string, whereto: Whereto): string | undefined {
  try {
    const contact = parseNameAddress(value);
    if (isNumber(contact.uri)) return value;
    const uri = parseSipUri(contact.uri);
    // Header fields would go into the caller's next request (section 19.1.5).
    const target = uri.headers === undefined ? ledTo(uri, whereto) : undefined;
    return target && formatNameAddress({ ...contact, uri: formatSipUri(target) });
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
