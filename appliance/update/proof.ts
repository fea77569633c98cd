/** Whether a release does its work on this box: asked after the restart into it, before it is kept. */
import type { Config } from '../config.ts';
import { configuredParts, wantedParts } from '../config/parts.ts';
import { openReader } from '../store/reader.ts';
import { readParts, type PartStatus } from '../store/site-status.ts';
import type { Clock } from '../world.ts';
import { leaseTrouble } from './lease-proof.ts';
import { provisioningTrouble } from './provisioning-proof.ts';

interface Proving {
  readonly config: Config;
  readonly clock: Clock;
  /** How long it may take to come up. */
  readonly patienceMs: number;
}

const againMs = 2000;
/** Longer than the report of a part that has ended looks fresh. */
const steadyMs = 6000;
/** Parts report once in a second. */
const reportWaitMs = 250;
/** Older than a boot takes: its clock has been set since, and says nothing. */
const oldestMs = 600_000;

/** Undefined: it does, and goes on doing it. Otherwise what did not work at the end of the patience. */
export async function releaseTrouble({ config, clock, patienceMs }: Proving): Promise<string | undefined> {
  const end = clock.monotonic() + patienceMs;
  for (;;) {
    const trouble = (await troubleNow(config, clock)) ?? (await unsteady(config, clock));
    if (trouble === undefined || clock.monotonic() >= end) return trouble;
    await clock.sleep(againMs);
  }
}

async function troubleNow(config: Config, clock: Clock): Promise<string | undefined> {
  try {
    const parts = configuredParts(config);
    return (
      storeTrouble(config) ??
      partTrouble(config, clock.now()) ??
      (parts.includes('provisioning') ? await provisioningTrouble(config) : undefined) ??
      (await leaseTrouble(config, clock.now()))
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * A part that ends and is started again each second looks well most of the time: it has to run on, or have run, for a while. One that has
 * ended looks well until its report is old: each has to report anew.
 */
async function unsteady(config: Config, clock: Clock): Promise<string | undefined> {
  const now = () => wantedOf(config, clock.now());
  const [before, begunAt] = [now(), clock.now()];
  const missing = steadyMissingMs(
    before.map(({ startedAt }) => ({ startedAt })),
    begunAt,
  );
  if (missing > 0) await clock.sleep(missing);
  const silent = () => now().find(({ reportedAt }) => (reportedAt ?? 0) <= begunAt);
  const end = clock.monotonic() + steadyMs;
  while (silent() !== undefined && clock.monotonic() < end) await clock.sleep(reportWaitMs);
  const after = now();
  const restarted = after.find(({ startedAt }, at) => startedAt !== before[at]?.startedAt);
  if (restarted !== undefined) return `the part ${restarted.name} does not go on running`;
  const ended = silent();
  return ended === undefined ? partTrouble(config, clock.now()) : `the part ${ended.name} does not run`;
}

/** How long it takes until each of them has run for as long as shows that it goes on running. */
export function steadyMissingMs(
  parts: readonly { readonly startedAt: number | undefined }[],
  now: number,
): number {
  const missing = parts.map(({ startedAt }) => {
    const age = now - (startedAt ?? now);
    return age < 0 || age > oldestMs ? steadyMs : steadyMs - age;
  });
  return Math.max(0, ...missing);
}

function wantedOf(config: Config, now: number): PartStatus[] {
  return readParts(config.site.state_directory, wantedParts(config), now).filter((part) => part.isWanted);
}

function partTrouble(config: Config, now: number): string | undefined {
  const bad = wantedOf(config, now).find(({ isRunning, health }) => !isRunning || health?.state === 'failed');
  if (bad === undefined) return undefined;
  return bad.isRunning
    ? `the part ${bad.name} does not work: ${bad.health?.reason ?? 'no reason given'}`
    : `the part ${bad.name} does not run`;
}

function storeTrouble({ site, ...config }: Config): string | undefined {
  const closed = configuredParts({ site, ...config }).find((part) => {
    using reader = openReader(site.state_directory, part);
    return reader === undefined;
  });
  return closed && `the data of ${closed} can't be opened`;
}
