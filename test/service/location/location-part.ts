/** The part on loopback, beside files of other parts, and what it wrote of a phone. */
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Config } from '../../../appliance/config.ts';
import { startLocation } from '../../../appliance/location/collector.ts';
import { readPlacements, type Placement } from '../../../appliance/store/placements.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { systemClock, type Part } from '../../../appliance/world.ts';
import { openSite, type Site } from '../../support/site.ts';

export const phone = '00:15:65:aa:bb:cc';

export async function startPart(config: Config): Promise<Part> {
  const part = await startLocation({ log: pino({ level: 'silent' }), clock: systemClock }, config);
  onTestFinished(async () => await part[Symbol.asyncDispose]());
  return part;
}

export function siteIn(directory: string): Site {
  const site = openSite(directory, { now: Date.now });
  onTestFinished(() => site[Symbol.dispose]());
  return site;
}

export function placementIn(directory: string, mac = phone): Placement | undefined {
  using reader = openReader(directory, 'location');
  return reader && readPlacements(reader.db).find((placement) => placement.mac === mac);
}
