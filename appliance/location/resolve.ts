/** From evidence to a place, and what that means for what was known before. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Placement } from '../store/placements.ts';
import { bestEvidence, type Evidence } from './evidence.ts';
import { placeOfAddress, placeOfPort, type WiremapEntry } from './wiremap.ts';

export interface LocatedPhone {
  readonly mac: string;
  readonly ip?: string | undefined;
}

/** `undefined`: nobody says anything about this phone's place. */
export function resolvePlacement(
  { mac, ip }: LocatedPhone,
  { evidence, wiremap }: { evidence: readonly Evidence[]; wiremap: readonly WiremapEntry[] },
  now: number,
): Placement | undefined {
  const best = bestEvidence(evidence);
  const ofAddress = ip === undefined ? undefined : placeOfAddress(wiremap, ip);
  const known = { mac, at: now, ...(ip === undefined ? {} : { ip }) };
  if (best === undefined) return ofAddress && { ...known, ...ofAddress, source: 'subnet' };
  const { chassis, circuitId } = best;
  const ofPort = placeOfPort(wiremap, { chassis, ports: portNames(best), circuitId });
  const { port, ...match } = ofPort ?? ofAddress ?? {};
  return {
    ...known,
    source: best.source,
    chassis,
    port: port ?? best.port,
    ...(best.portDescription === undefined ? {} : { portDescription: best.portDescription }),
    chassisId: best.chassisId,
    portId: port ?? best.portId,
    ...(best.switchName === undefined ? {} : { switchName: best.switchName }),
    ...match,
  };
}

/** Every way in which the switch names the port. */
function portNames({ port, portId, portDescription, portAliases = [] }: Evidence): string[] {
  return [port, portId, ...portAliases, ...(portDescription === undefined ? [] : [portDescription])];
}

export type PlacementChange = 'placed' | 'moved' | 'unplaced' | 'told' | 'none';

/** `told`: same port and place, other details; worth keeping, not worth a journal row. */
export function placementChange(
  before: Placement | undefined,
  after: Placement | undefined,
): PlacementChange {
  if (before === undefined) return after === undefined ? 'none' : 'placed';
  if (after === undefined) return 'unplaced';
  if (whereOf(before) !== whereOf(after)) return 'moved';
  return isDeepStrictEqual({ ...before, at: 0 }, { ...after, at: 0 }) ? 'none' : 'told';
}

function whereOf({ chassis, port, place }: Placement): string {
  return JSON.stringify([chassis, port, place]);
}
