import type { JournalKinds } from '../journal-kinds.ts';

/** What is done to the box as a whole, by root. */
export const boxKinds = {
  /** `order`: its kind. `by`: page or command. */
  order_began: { fields: { order: 'open', id: 'open', by: 'open' }, reserved: 'security' },
  /** `state`: done, refused or failed. */
  order_ended: { fields: { order: 'open', id: 'open', state: 'open', words: 'open' }, reserved: 'security' },
} as const satisfies JournalKinds;
