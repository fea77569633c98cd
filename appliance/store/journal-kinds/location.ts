import type { JournalKinds } from '../journal-kinds.ts';

const where = {
  ip: 'personal',
  place: 'personal',
  chassis: 'open',
  port: 'open',
  switchName: 'open',
  source: 'open',
  matched: 'open',
} as const;

/** What the location part reports. */
export const locationKinds = {
  started: { fields: { release: 'open' } },
  placed: { fields: where },
  moved: {
    fields: {
      ...where,
      fromPlace: 'personal',
      fromChassis: 'open',
      fromPort: 'open',
      fromSwitchName: 'open',
    },
  },
  unplaced: { fields: { place: 'personal', chassis: 'open', port: 'open', switchName: 'open' } },
  /** One phone on two ports at once: somebody lies, or a cable runs in a circle. */
  conflict: { fields: { ports: 'open' }, reserved: 'security', coalesceSeconds: 300 },
  neighbor: {
    fields: { interface: 'open', protocol: 'open', chassis: 'open', port: 'open', systemName: 'open' },
  },
  neighborLost: {
    fields: { interface: 'open', protocol: 'open', chassis: 'open', port: 'open', systemName: 'open' },
  },
  switchUnreachable: { fields: { switchName: 'open', reason: 'open' }, coalesceSeconds: 300 },
  switchReachable: { fields: { switchName: 'open' } },
  /** More neighbour frames than any wire has: they are dropped unread. */
  flood: { fields: { interface: 'open' }, reserved: 'security', coalesceSeconds: 60 },
} as const satisfies JournalKinds;
