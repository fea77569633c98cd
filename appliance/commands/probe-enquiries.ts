/** What `gatehouse probe dhcp` asks: a DISCOVER as each vendor's phone would send it, and one as a PC. Pure. */
import type { Discover } from '../protocol/dhcp-discover.ts';
import { encodeOptions, optionCode } from '../protocol/dhcp-options.ts';
import { vendorSigns } from '../phones/vendors.ts';
import type { PhoneClass } from './snippets/phone-classes.ts';

export interface Enquiry {
  /** Undefined: any other device. */
  readonly phones: PhoneClass | undefined;
  readonly discover: Discover;
}

/** Mask, router, name servers, domain; then what phones look for. */
const asked = [1, 3, 6, 15, 2, 42, 43, 66, 67, 160] as const;
const pcClass = 'MSFT 5.0';

interface Asker {
  /** Of the card. */
  readonly mac: string;
  /** Our address when we speak as a relay, otherwise 0. */
  readonly giaddr: number;
  /** Transaction number of the first enquiry; the others follow. */
  readonly firstXid: number;
}

/**
 * Servers that tell phones by MAC prefix need the vendor's own, so a probe's MAC is that and the last half of our card's: the
 * same each time, so that a server that keeps what it offers keeps one entry a vendor. Our own client identifier keeps it
 * apart from a phone that happens to have that MAC.
 */
export function dhcpEnquiries(classes: readonly PhoneClass[], { mac, giaddr, firstXid }: Asker): Enquiry[] {
  return [...classes, undefined].map((phones, at) => {
    const oui = phones?.ouis[0];
    const options = encodeOptions({
      clientIdentifier: Buffer.from(`\0gatehouse-as ${phones?.id ?? 'pc'} ${mac}`, 'latin1'),
      ...vendorClassOf(phones),
      parameterRequestList: Uint8Array.from(
        new Set<number>([...asked, ...(phones?.options.keys() ?? []), optionCode.leaseTime]),
      ),
    });
    return {
      phones,
      discover: {
        mac: oui === undefined ? mac : oui + mac.slice(8),
        xid: (firstXid + at) >>> 0,
        giaddr,
        options,
      },
    };
  });
}

function vendorClassOf(phones: PhoneClass | undefined): { readonly vendorClass?: Uint8Array } {
  if (phones === undefined) return { vendorClass: Buffer.from(pcClass, 'latin1') };
  const { classForms, kinds } = vendorSigns(phones.vendor);
  const form = classForms.find(({ kind }) => (kind ?? kinds[0]) === phones.kind);
  return form === undefined ? {} : { vendorClass: Buffer.from(form.example ?? form.starts, 'latin1') };
}
