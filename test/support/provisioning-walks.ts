/** One phone of each vendor that can be led through the box, and where below the box's URL it begins. */
import type { PhoneVendor } from './phone-configuration.ts';

export interface Walk {
  readonly vendor: PhoneVendor;
  readonly mac: string;
  readonly path: string;
}

export const walks: readonly Walk[] = [
  { vendor: 'yealink', mac: '00:15:65:aa:bb:01', path: '/' },
  { vendor: 'poly', mac: '00:04:f2:aa:bb:02', path: '/' },
  { vendor: 'cisco', mac: '00:56:2b:aa:bb:03', path: '/$PSN.xml' },
  { vendor: 'snom', mac: '00:04:13:aa:bb:04', path: '/' },
];
