/** How far a phone is on its way back to the cloud's own addresses. Pure. */
import { regions, regionUrl } from '../phones/url.ts';
import type { Binding } from './bindings.ts';
import type { Lease } from './leases.ts';
import type { PhoneConfiguration } from './phone-configurations.ts';
import type { Task } from './tasks.ts';

/**
 * `waiting`: it has not asked for its configuration since the order. `registered`: it has the cloud's addresses, and its
 * registration still goes through the box. `lease`: its lease still names the box. `told`: it was here a moment ago.
 * `left`: it does not need the box any more.
 */
export type Leaving = 'waiting' | 'registered' | 'lease' | 'told' | 'left';

export interface LeavingFacts {
  readonly lease?: Lease;
  readonly configuration?: PhoneConfiguration;
  readonly binding?: Binding;
}

/** Phones of this service ask every few minutes: one that is silent for so long asks somewhere else. */
const quietMs = 10 * 60_000;

export function leavingOf(
  { lease, configuration, binding }: LeavingFacts,
  { givenAt }: Pick<Task, 'givenAt'>,
  now: number,
): Leaving {
  if (configuration !== undefined && configuration.posture !== 'assist') return 'waiting';
  if (binding !== undefined && binding.state !== 'lost' && binding.expiresAt > now) return 'registered';
  if (lease !== undefined && lease.expiresAt > now && namesBox(lease)) return 'lease';
  const isFresh =
    configuration !== undefined && configuration.at >= givenAt && now - configuration.at < quietMs;
  return isFresh ? 'told' : 'left';
}

export const leavingWords: Readonly<Record<Leaving, string>> = {
  waiting: 'has not asked for its configuration since: it still needs the box',
  registered: "has the cloud's addresses, and is still registered through the box",
  lease: "has the cloud's addresses; its lease names the box until it is renewed",
  told: "has the cloud's addresses; not yet silent here for ten minutes",
  left: 'has left',
};

/** A provisioning URL among what was sent, and not the service's own. */
function namesBox({ sent }: Lease): boolean {
  return Object.values(sent).some(
    (text) => text.startsWith('http://') && !regions.some((region) => text.startsWith(regionUrl(region))),
  );
}
