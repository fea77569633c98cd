import type { JournalKinds } from '../journal-kinds.ts';

/** What the web part reports. */
export const webKinds = {
  started: { fields: { release: 'open' } },
  /** An order to other parts, for one phone or (`*`) for all; see the table `task`. */
  task_given: { fields: { task: 'open', target: 'open' } },
  /** An order to the box itself; see the table `box_order`. */
  box_order_given: { fields: { order: 'open', id: 'open', session: 'open' }, reserved: 'security' },
  /** A wave of phones was planned, started, paused, resumed or undone. */
  adoption_wave: { fields: { wave: 'open', state: 'open', phones: 'open' } },
  /** The site's list of numbers was replaced. */
  numbers_imported: { fields: { rows: 'open' } },
  /** An outage is played for one phone or (`*`) for all. */
  drill_began: { fields: { target: 'open', minutes: 'open' } },
  drill_ended: { fields: { target: 'open' } },
  /** A request that named the page by a host that is not ours: a web site elsewhere may be trying to read it. */
  foreign_host: { fields: { host: 'open', remote: 'open' }, reserved: 'security', coalesceSeconds: 60 },
} as const satisfies JournalKinds;
