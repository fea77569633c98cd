/** Which phones stand in the pretend office: one of each vendor whose way of trusting our authority is confirmed. */
import type { Vendor } from '../../appliance/phones/vendors.ts';
import type { DhcpClientName } from '../support/dhcp-client.ts';

export interface PhoneKind {
  readonly vendor: Vendor;
  readonly model: string;
  readonly mac: string;
  /** Its DHCP client; one that renders a URL in the option that this vendor reads first (facts/dhcp.md, 2). */
  readonly client: DhcpClientName;
  readonly vendorClass?: string;
  /** The options that its firmware takes the URL from, first wins (facts/dhcp.md, 4.1). */
  readonly urlOptions: readonly (66 | 160)[];
}

export const phoneKinds: readonly PhoneKind[] = [
  { vendor: 'yealink', model: 'SIP-T46S', mac: '00:15:65:a0:00:01', client: 'dhclient', urlOptions: [66] },
  {
    vendor: 'poly',
    model: 'VVX 500',
    mac: '00:04:f2:a0:00:02',
    client: 'udhcpc',
    vendorClass: 'Polycom-VVX500',
    urlOptions: [160, 66],
  },
  {
    vendor: 'cisco',
    model: 'CP-8841-3PCC',
    mac: '00:56:2b:a0:00:03',
    client: 'dhcpcd',
    vendorClass: 'CP-8841-3PCC\0',
    urlOptions: [66, 160],
  },
  {
    vendor: 'snom',
    model: 'D735',
    mac: '00:04:13:a0:00:04',
    client: 'dhclient',
    vendorClass: 'snomD735',
    urlOptions: [66],
  },
];

/** Phones that can't be given our authority: after their first stage they need a way of their own to the cloud. */
export const directKinds: readonly PhoneKind[] = [
  {
    vendor: 'audiocodes',
    model: '440HDG',
    mac: '00:90:8f:a0:00:05',
    client: 'udhcpc',
    vendorClass: 'AudioCodes-440HDG',
    urlOptions: [160],
  },
  {
    vendor: 'ale',
    model: 'M3',
    mac: '3c:28:a6:a0:00:06',
    client: 'dhclient',
    vendorClass: 'ictouch.0',
    urlOptions: [66],
  },
];
