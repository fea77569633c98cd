/** What the steps of an update share: the box as it is, and what is remembered of updates. */
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { readDataFloors } from '../store/data-floors.ts';
import { readUpdateFacts, type UpdateFacts } from '../store/update-facts.ts';
import type { Store } from '../store/store.ts';
import type { Clock, Logger } from '../world.ts';
import type { RunningBox } from './decision.ts';
import type { Image } from './image.ts';
import release from './release.json' with { type: 'json' };
import { highestVersion } from './release-version.ts';
import type { PublicKey } from './signed-text.ts';
import type { Trust } from './trust.ts';

export interface UpdateNeeds {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly image: Image;
  readonly roots: readonly PublicKey[];
  /** Box's own. */
  readonly store: Store;
}

export function factsOf({ store }: Pick<UpdateNeeds, 'store'>): UpdateFacts {
  return readUpdateFacts(store.db);
}

export function trustNow(
  { roots, clock }: { readonly roots: readonly PublicKey[]; readonly clock: Pick<Clock, 'now'> },
  facts: UpdateFacts,
): Trust & { readonly revocationsNumber: number } {
  const { number = 0, keys = [] } = facts.revocations ?? {};
  return { roots, revoked: keys, now: clock.now(), revocationsNumber: number };
}

export function runningBox(
  { config, image }: Pick<UpdateNeeds, 'config' | 'image'>,
  facts: UpdateFacts,
): RunningBox {
  return {
    ...image,
    floor: highestVersion(release.securityFloor, facts.floor ?? release.securityFloor),
    failed: (facts.failed ?? []).map(({ version }) => version),
    dataFloors: readDataFloors(config.site.state_directory),
  };
}

/** Where a release lies that was looked at; root's own, and the folder that systemd-sysupdate reads. */
export function stagingFolder({ config }: Pick<UpdateNeeds, 'config'>): string {
  return join(config.site.state_directory, 'box/update');
}

/** Where the part that fetches puts what it fetched. */
export function incomingFolder({ config }: Pick<UpdateNeeds, 'config'>): string {
  return join(config.site.state_directory, 'update/incoming');
}

/** How long an older release is taken too, once an administrator has said so. */
export const olderMs = 3_600_000;

/** Whether an administrator allows an older release at the moment; what was said while the clock stood far ahead doesn't count. */
export function mayBeOlder({ olderUntil = 0 }: UpdateFacts, now: number): boolean {
  return now < olderUntil && olderUntil <= now + olderMs;
}
