/** Which header fields cross from one leg to the other. All that is not known to belong to one leg is passed untouched. */
import { splitValues } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';

/** Of one hop or one dialog (RFC 3261), made anew for the other. */
const ownOfLeg = new Set([
  'Via',
  'Route',
  'Record-Route',
  'Max-Forwards',
  'Content-Length',
  'Call-ID',
  'CSeq',
  'From',
  'To',
  'Contact',
  'RSeq',
  'RAck',
  'Session-Expires',
  'Min-SE',
]);

/** Session timers (RFC 4028) and responses that must arrive (RFC 3262), which each leg has of its own: nothing for the other one to insist on. */
const ofEachLeg = new Set(['100rel', 'timer']);

/** Extensions that both ends would have to speak with us, since they live inside one leg. */
const legExtensions = new Set([...ofEachLeg, 'gruu', 'outbound', 'path']);

const credentials = new Set(['Authorization', 'Proxy-Authorization']);

export function passedHeaders(headers: readonly SipHeader[], toward: 'phone' | 'cloud'): SipHeader[] {
  const passed: SipHeader[] = [];
  for (const header of headers) {
    const { name } = header;
    if (ownOfLeg.has(name) || isOurs(name) || (credentials.has(name) && toward === 'phone')) continue;
    if (name === 'Supported')
      passed.push(...without(header, (entry) => legExtensions.has(entry.toLowerCase())));
    else if (name === 'Require')
      passed.push(...without(header, (entry) => ofEachLeg.has(entry.toLowerCase())));
    else if (name === 'Allow') passed.push(...without(header, (entry) => entry === 'PRACK'));
    else passed.push(header);
  }
  return passed;
}

/** The same, without what only a body has. */
export function passedWithoutBody(headers: readonly SipHeader[], toward: 'phone' | 'cloud'): SipHeader[] {
  return passedHeaders(headers, toward).filter(
    ({ name }) => !name.startsWith('Content-') && name !== 'MIME-Version',
  );
}

/** One hop less (RFC 7332 section 4); undefined when there is none left. Whoever gets the last one may still take it. */
export function nextMaxForwards(headers: readonly SipHeader[]): SipHeader | undefined {
  const hops = Number(headers.find(({ name }) => name === 'Max-Forwards')?.value ?? 70);
  return hops > 0 ? { name: 'Max-Forwards', value: String(hops - 1) } : undefined;
}

function isOurs(name: string): boolean {
  return name.toLowerCase().startsWith('x-gatehouse-');
}

function without({ name, value }: SipHeader, isCut: (entry: string) => boolean): SipHeader[] {
  const kept = splitValues(value).filter((entry) => !isCut(entry));
  return kept.length === 0 ? [] : [{ name, value: kept.join(', ') }];
}
