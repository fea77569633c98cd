/** Who is heard on the box's own card: bounded, aged, and never larger than an attacker's wish. No clock of its own. */
import { isDeepStrictEqual } from 'node:util';
import type { Neighbor } from '../store/neighbors.ts';
import type { Heard } from './frames.ts';

/** Neighbours kept for one card; a wire with more is no office. */
const mostNeighbors = 64;
/** Four times the usual life: what claims to live 18 hours would outlive its cable. */
const mostTtlSeconds = 480;

export interface NeighborTable {
  readonly interface: string;
  readonly byKey: Map<string, Neighbor>;
}

export type Change =
  | { readonly kind: 'appeared' | 'changed' | 'left'; readonly neighbor: Neighbor }
  | { readonly kind: 'refreshed' | 'refused' | 'unknown' };

export function newNeighborTable(card: string, kept: readonly Neighbor[] = []): NeighborTable {
  const own = kept.filter((neighbor) => neighbor.interface === card).slice(0, mostNeighbors);
  return { interface: card, byKey: new Map(own.map((neighbor) => [keyOf(neighbor), neighbor])) };
}

/** Takes one frame's words in. A TTL of 0 removes its sender; a full table keeps whom it knows. */
export function hear(table: NeighborTable, { ttlSeconds, neighbor }: Heard, now: number): Change {
  const key = keyOf(neighbor);
  const known = table.byKey.get(key);
  if (ttlSeconds === 0) {
    if (known === undefined) return { kind: 'unknown' };
    table.byKey.delete(key);
    return { kind: 'left', neighbor: known };
  }
  if (known === undefined && table.byKey.size >= mostNeighbors) return { kind: 'refused' };
  const heard: Neighbor = {
    ...neighbor,
    interface: table.interface,
    firstHeardAt: known?.firstHeardAt ?? now,
    heardAt: now,
    expiresAt: now + Math.min(ttlSeconds, mostTtlSeconds) * 1000,
  };
  table.byKey.set(key, heard);
  if (known === undefined) return { kind: 'appeared', neighbor: heard };
  return isSameNeighbor(known, heard) ? { kind: 'refreshed' } : { kind: 'changed', neighbor: heard };
}

/** Removes and returns those whose time is over. Those heard later than now were heard before the clock was set back. */
export function expireNeighbors(table: NeighborTable, now: number): Neighbor[] {
  for (const [key, neighbor] of table.byKey) {
    const { heardAt, expiresAt } = neighbor;
    if (heardAt > now)
      table.byKey.set(key, { ...neighbor, heardAt: now, expiresAt: now + expiresAt - heardAt });
  }
  const expired = [...table.byKey.values()].filter((neighbor) => neighbor.expiresAt <= now);
  for (const neighbor of expired) table.byKey.delete(keyOf(neighbor));
  return expired;
}

/** The MAC service access point (802.1AB section 3): who it is, however often it speaks. */
export function keyOf(neighbor: Heard['neighbor']): string {
  return JSON.stringify([
    neighbor.protocol,
    neighbor.chassisSubtype,
    neighbor.chassis,
    neighbor.portSubtype,
    neighbor.port,
  ]);
}

function isSameNeighbor(before: Neighbor, after: Neighbor): boolean {
  return isDeepStrictEqual({ ...before, heardAt: 0, expiresAt: 0 }, { ...after, heardAt: 0, expiresAt: 0 });
}
