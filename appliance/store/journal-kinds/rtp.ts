import type { JournalKinds } from '../journal-kinds.ts';

/** What the rtp part reports. */
export const rtpKinds = {
  started: { fields: { release: 'open' } },
  /** What was written down before can't be read any more: calls of before are not taken over. */
  store_replaced: { fields: { broken_file: 'open' }, reserved: 'security' },
  /** A session was silent for too long and was ended. */
  media_idle: { fields: { session: 'open', silent_seconds: 'open', from_phone: 'open', from_cloud: 'open' } },
  /** Sessions of a process before this one: taken over, and those whose ports could not be had. */
  media_adopted: { fields: { sessions: 'open', lost: 'open' } },
  /** How one medium of a call sounded, at its end. Legs: `phone` on site, `cloud` the way out. */
  media_quality: {
    fields: {
      session: 'open',
      mos_at_phone: 'open',
      mos_at_far_end: 'open',
      blamed: 'open',
      verdict: 'open',
      phone_codec: 'open',
      phone_loss_percent: 'open',
      phone_jitter_ms: 'open',
      phone_round_trip_ms: 'open',
      cloud_codec: 'open',
      cloud_loss_percent: 'open',
      cloud_jitter_ms: 'open',
      cloud_round_trip_ms: 'open',
    },
  },
} as const satisfies JournalKinds;
