import type { JournalKinds } from '../journal-kinds.ts';

/** What the cloud part reports. */
export const cloudKinds = {
  started: { fields: { release: 'open' } },
  unreachable: { fields: { reason: 'open' } },
  reachable: { fields: { after_seconds: 'open' } },
  /** The cloud took the request and refuses these rows: somebody has to look. */
  refused: { fields: { shipped: 'open', status: 'open' }, coalesceSeconds: 3600 },
} as const satisfies JournalKinds;
