/** Every kind of journal row and the class of each of its fields. A field not named here can't be written. */
import { boxKinds } from './journal-kinds/box.ts';
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
  box: boxKinds,
} as const satisfies Record<string, JournalKinds>;

/** Whoever has a file of its own: the parts, and `box`, in which root writes what it did. */
export type StoreName = keyof typeof journalKinds;

export const storeNames = Object.keys(journalKinds) as readonly StoreName[];

/** What runs. */
export type PartName = Exclude<StoreName, 'box'>;

export const partNames = storeNames.filter((name): name is PartName => name !== 'box');

/** Of all kinds: no window of repeats is open for longer. */
export const longestWindowMs =
  1000 *
  Math.max(
    ...Object.values<JournalKinds>(journalKinds)
      .flatMap((kinds) => Object.values(kinds))
      .map(({ coalesceSeconds = 0 }) => coalesceSeconds),
  );

/** The kind's schema, whatever part writes it. */
export function journalKind(part: StoreName, kind: string): JournalKind {
  const kinds: JournalKinds = journalKinds[part];
  const found = kinds[kind];
  if (found === undefined) throw new TypeError(`journal kind "${kind}" of ${part} is not declared`);
  return found;
}
