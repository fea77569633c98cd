import type { JournalKinds } from '../journal-kinds.ts';

/** What the rtp part reports. */
export const rtpKinds = {
  started: { fields: { release: 'open' } },
  /** A session was silent for too long and was ended. */
  media_idle: { fields: { session: 'open', silent_seconds: 'open', from_phone: 'open', from_cloud: 'open' } },
  /** Sessions of a process before this one: taken over, and those whose ports could not be had. */
  media_adopted: { fields: { sessions: 'open', lost: 'open' } },
} as const satisfies JournalKinds;
