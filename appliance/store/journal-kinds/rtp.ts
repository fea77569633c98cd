import type { JournalKinds } from '../journal-kinds.ts';

/** What the rtp part reports. */
export const rtpKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
