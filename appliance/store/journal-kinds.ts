/** Every kind of journal row and the class of each of its fields. A field not named here can't be written. */
import { cloudKinds } from './journal-kinds/cloud.ts';
import { dhcpKinds } from './journal-kinds/dhcp.ts';
import { locationKinds } from './journal-kinds/location.ts';
import { provisioningKinds } from './journal-kinds/provisioning.ts';
import { rtpKinds } from './journal-kinds/rtp.ts';
import { sipKinds } from './journal-kinds/sip.ts';
import { webKinds } from './journal-kinds/web.ts';

/** `open` may go anywhere; `personal` (names, numbers) only to the signed-in admin and the site's own cloud. */
export type FieldClass = 'open' | 'personal';

export interface JournalKind {
  readonly fields: Readonly<Record<string, FieldClass>>;
  /** `security` and `emergency` rows have reserved space: ordinary rows can't push them out. */
  readonly reserved?: 'security' | 'emergency';
  /** Equal rows within this time become one row with a count. */
  readonly coalesceSeconds?: number;
}

export type JournalKinds = Readonly<Record<string, JournalKind>>;

export const journalKinds = {
  dhcp: dhcpKinds,
  provisioning: provisioningKinds,
  sip: sipKinds,
  rtp: rtpKinds,
  location: locationKinds,
  cloud: cloudKinds,
  web: webKinds,
} as const satisfies Record<string, JournalKinds>;

export type PartName = keyof typeof journalKinds;

export const partNames = Object.keys(journalKinds) as readonly PartName[];

/** The kind's schema, whatever part writes it. */
export function journalKind(part: PartName, kind: string): JournalKind {
  const kinds: JournalKinds = journalKinds[part];
  const found = kinds[kind];
  if (found === undefined) throw new TypeError(`journal kind "${kind}" of ${part} is not declared`);
  return found;
}
