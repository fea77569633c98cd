import type { JournalKinds } from '../journal-kinds.ts';

/** What the rtp part reports. */
export const rtpKinds = {
  started: { fields: { release: 'open' } },
  /** A session was silent for too long and was ended. */
  media_idle: { fields: { session: 'open', silent_seconds: 'open', from_phone: 'open', from_cloud: 'open' } },
} as const satisfies JournalKinds;
