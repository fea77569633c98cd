import type { JournalKinds } from '../journal-kinds.ts';

/** What the dhcp part reports. */
export const dhcpKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
