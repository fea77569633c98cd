/** The Contacts of a REGISTER, RFC 3261 section 10.3. Pure. */
import { headerValue, listValues, parseNameAddress, type NameAddress } from '../protocol/sip-headers.ts';
import { SipSyntaxError, type SipHeader } from '../protocol/sip-message.ts';
import { param, parseSipUri } from '../protocol/sip-uri.ts';

export interface Contacts {
  /** The one that the phone likes best of those that it registers, or takes back where it registers none. `all`: `Contact: *`. */
  readonly contact: NameAddress | 'all' | undefined;
  /** Seconds that the phone asks for with that one; undefined when it leaves it to the registrar. */
  readonly expiresSeconds: number | undefined;
  /** All that it registers, as it wrote them. They lead to one phone, so its registrar gets one in their place. */
  readonly registered: readonly string[];
  /** URIs that it takes back with the same request, as after a change of its address. */
  readonly takenBack: readonly string[];
}

type Headed = { readonly headers: readonly SipHeader[] };

/** Throws {@link SipSyntaxError}. */
export function readContacts(request: Headed): Contacts {
  const forAll = readSeconds(headerValue(request, 'Expires'));
  const values = listValues(request, 'Contact');
  if (values.includes('*')) {
    if (values.length > 1) throw new SipSyntaxError('another Contact beside *');
    return { contact: 'all', expiresSeconds: forAll, registered: [], takenBack: [] };
  }
  const all = values.map((value) => {
    const contact = parseNameAddress(value);
    parseSipUri(contact.uri);
    const seconds = readSeconds(param(contact.params, 'expires')) ?? forAll;
    return { value, contact, seconds, q: Number(param(contact.params, 'q') ?? 1) };
  });
  const registered = all.filter(({ seconds }) => seconds !== 0);
  const [best] = (registered.length > 0 ? registered : all).toSorted((a, b) => b.q - a.q);
  return {
    contact: best?.contact,
    expiresSeconds: best === undefined ? forAll : best.seconds,
    registered: registered.map(({ value }) => value),
    takenBack: all
      .filter(({ seconds, contact }) => seconds === 0 && contact !== best?.contact)
      .map(({ contact }) => contact.uri),
  };
}

/** RFC 3261 20.19: more than 2^32-1 or not a number counts as an hour. */
export function readSeconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  return /^\d{1,10}$/.test(value) ? Math.min(Number(value), 2 ** 31) : 3600;
}
