import type { JournalKinds } from '../journal-kinds.ts';

/** Of whoever carries out orders of the admin. */
export const orderKinds = {
  /** `order`: its kind. `by`: page or command. */
  order_began: { fields: { order: 'open', id: 'open', by: 'open' }, reserved: 'security' },
  /** `state`: done, refused or failed. */
  order_ended: { fields: { order: 'open', id: 'open', state: 'open', words: 'open' }, reserved: 'security' },
} as const satisfies JournalKinds;

/** What is done to the box as a whole, by root. */
export const boxKinds = {
  ...orderKinds,
  /** A signed release lies ready. `source`: url, stick, page or folder. */
  update_staged: { fields: { version: 'open', source: 'open' } },
  /** Something that was offered was not taken, or did not go onto the disk. */
  update_refused: {
    fields: { code: 'open', source: 'open', words: 'open' },
    reserved: 'security',
    coalesceSeconds: 3600,
  },
  /** Release keys were taken back: `keys` in all, by the list with this number. */
  update_keys_revoked: { fields: { number: 'open', keys: 'open' }, reserved: 'security' },
  /** The other release is written; the box restarts into it. */
  update_began: { fields: { from: 'open', to: 'open' } },
  /** It came up, and did its work. */
  update_succeeded: { fields: { from: 'open', to: 'open' } },
  /** It did not, and the former one runs again. */
  update_rolled_back: { fields: { from: 'open', to: 'open', reason: 'open' }, reserved: 'security' },
} as const satisfies JournalKinds;
