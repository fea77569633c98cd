import type { JournalKinds } from '../journal-kinds.ts';

/** What the cloud part reports. */
export const cloudKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
