import type { JournalKinds } from '../journal-kinds.ts';

const where = {
  ip: 'personal',
  place: 'personal',
  chassis: 'open',
  port: 'open',
  switch_name: 'open',
  source: 'open',
  matched: 'open',
} as const;

/** What the location part reports. */
export const locationKinds = {
  started: { fields: { release: 'open' } },
  /** Places of before can't be read any more: they are found again. */
  store_replaced: { fields: { broken_file: 'open' }, reserved: 'security' },
  placed: { fields: where },
  moved: {
    fields: {
      ...where,
      from_place: 'personal',
      from_chassis: 'open',
      from_port: 'open',
      from_switch_name: 'open',
    },
  },
  unplaced: { fields: { place: 'personal', chassis: 'open', port: 'open', switch_name: 'open' } },
  /** One phone on two ports at once: somebody lies, or a cable runs in a circle. */
  conflict: { fields: { ports: 'open' }, reserved: 'security', coalesceSeconds: 300 },
  neighbor: {
    fields: { interface: 'open', protocol: 'open', chassis: 'open', port: 'open', system_name: 'open' },
  },
  neighbor_lost: {
    fields: { interface: 'open', protocol: 'open', chassis: 'open', port: 'open', system_name: 'open' },
  },
  switch_unreachable: { fields: { switch_name: 'open', reason: 'open' }, coalesceSeconds: 300 },
  switch_reachable: { fields: { switch_name: 'open' } },
  /** More neighbour frames than any wire has: they are dropped unread. */
  flood: { fields: { interface: 'open' }, reserved: 'security', coalesceSeconds: 60 },
} as const satisfies JournalKinds;
