/** Whether a release does its work on this box: asked after the restart into it, before it is kept. */
import type { Config } from '../config.ts';
import { configuredParts, wantedParts } from '../config-parts.ts';
import { openReader } from '../store/reader.ts';
import { readParts } from '../store/site-status.ts';
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

/** Undefined: it does. Otherwise what did not work at the end of the patience. */
export async function releaseTrouble({ config, clock, patienceMs }: Proving): Promise<string | undefined> {
  const end = clock.monotonic() + patienceMs;
  for (;;) {
    const trouble = await troubleNow(config, clock);
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

function partTrouble(config: Config, now: number): string | undefined {
  const wanted = readParts(config.site.state_directory, wantedParts(config), now).filter(
    (part) => part.isWanted,
  );
  const bad = wanted.find(({ isRunning, health }) => !isRunning || health?.state === 'failed');
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
