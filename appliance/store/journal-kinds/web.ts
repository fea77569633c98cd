import type { JournalKinds } from '../journal-kinds.ts';

/** What the web part reports. */
export const webKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
