import type { JournalKinds } from '../journal-kinds.ts';

/** What the location part reports. */
export const locationKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
