/** Where a 3xx may send a caller (RFC 3261 section 8.1.3.4): to a number, or to somebody at a host that calls go to anyway. */
import { formatNameAddress, listValues, parseNameAddress } from '../protocol/sip-headers.ts';
import { SipSyntaxError, type SipHeader } from '../protocol/sip-message.ts';
import { formatSipUri, param, parseSipUri, withoutParam } from '../protocol/sip-uri.ts';

export interface Whereto {
  /** Registrars, and the domain of the phone's own address. */
  readonly isOfCloud: (host: string) => boolean;
  /** A phone that knows us as its server means its registrar. */
  readonly own: readonly string[];
  readonly registrar: string;
}

/** Of a 3xx, what the other leg is told of its Contacts. Empty although there were some: it leads nowhere. */
export function allowedContacts(headers: readonly SipHeader[], whereto: Whereto): SipHeader[] {
  return listValues({ headers }, 'Contact').flatMap((value) => {
    const allowed = allowedContact(value, whereto);
    return allowed === undefined ? [] : [{ name: 'Contact', value: allowed }];
  });
}

function allowedContact(value: string, { isOfCloud, own, registrar }: Whereto): string | undefined {
  try {
    const contact = parseNameAddress(value);
    if (/^tel:/i.test(contact.uri)) return value;
    const uri = parseSipUri(contact.uri);
    const isOurs = own.includes(uri.host) && uri.user !== undefined;
    // Header fields and `maddr` lead elsewhere than the host says (sections 19.1.1 and 19.1.5).
    const leadsAside = uri.headers !== undefined || param(uri.params, 'maddr') !== undefined;
    if (leadsAside || !(isOurs || isOfCloud(uri.host))) return undefined;
    if (!isOurs && param(uri.params, 'transport') === undefined) return value;
    // By the connection that the caller has: it must not open one in clear.
    const params = withoutParam(uri.params, 'transport');
    const { scheme, user = '' } = uri;
    const target = isOurs ? { scheme, user, host: registrar, params } : { ...uri, params };
    return formatNameAddress({ ...contact, uri: formatSipUri(target) });
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
