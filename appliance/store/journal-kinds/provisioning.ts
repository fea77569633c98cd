import type { JournalKinds } from '../journal-kinds.ts';

/** What the provisioning part reports. */
export const provisioningKinds = {
  started: { fields: { release: 'open' } },
} as const satisfies JournalKinds;
