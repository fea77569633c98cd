import type { JournalKinds } from '../journal-kinds.ts';

/** What the web part reports. */
export const webKinds = {
  started: { fields: { release: 'open' } },
  /** Orders of before can't be read any more: what was not carried out yet is forgotten. */
  store_replaced: { fields: { broken_file: 'open' }, reserved: 'security' },
  /** An order to other parts, for one phone or (`*`) for all; see the table `task`. */
  task_given: { fields: { task: 'open', target: 'open' } },
  /** An order of the admin to the box, or to a part; see the tables `box_order` and `part_order`. */
  box_order_given: { fields: { order: 'open', id: 'open', session: 'open' }, reserved: 'security' },
  /** A wave of phones was planned, started, paused, resumed or undone. */
  adoption_wave: { fields: { wave: 'open', state: 'open', phones: 'open' } },
  /** The site's list of numbers was replaced. */
  numbers_imported: { fields: { rows: 'open' } },
  /** An outage is played for one phone or (`*`) for all. */
  drill_began: { fields: { target: 'open', minutes: 'open' } },
  drill_ended: { fields: { target: 'open' } },
  /** The admin came in by password or set-up code, or went; `viewers`: somebody who only looks came in. */
  signed_in: { fields: { session: 'open', remote: 'open', by: 'open' }, reserved: 'security' },
  signed_out: { fields: { session: 'open', remote: 'open' }, reserved: 'security' },
  /** A wrong password or set-up code. */
  sign_in_failed: {
    fields: { remote: 'open', by: 'open' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
  /** Of people who only look. */
  viewers_password_set: { fields: { remote: 'open' }, reserved: 'security' },
  viewers_password_removed: { fields: { remote: 'open' }, reserved: 'security' },
  /** `by`: setup, page or command. */
  password_set: { fields: { by: 'open', remote: 'open' }, reserved: 'security' },
  /** A request that named the page by a host that is not ours: a web site elsewhere may be trying to read it. */
  foreign_host: { fields: { host: 'open', remote: 'open' }, reserved: 'security', coalesceSeconds: 60 },
} as const satisfies JournalKinds;
