import type { JournalKinds } from '../journal-kinds.ts';

/** What the sip part reports. */
export const sipKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
