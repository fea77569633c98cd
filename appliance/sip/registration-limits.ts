/** How many phones the box takes up (README, *How many phones*). */
import { totalmem } from 'node:os';
import type { Application } from './application.ts';

/** Bytes. `phone`: its two TLS connections and what belongs to them, measured as 147 kB. `rest`: the part itself, with its calls. */
const needs = { phone: 160_000, rest: 200_000_000 } as const;
const most = 10_000;
const least = 1000;

/** `memory`: bytes that the part may use. */
export function mostPhones(memory: number): number {
  const room = Math.floor((memory - needs.rest) / needs.phone);
  return Math.min(most, Math.max(least, room));
}

/** Half of the machine's, or what the unit allows. */
export function memoryHere(): number {
  const half = totalmem() / 2;
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, half) : half;
}

/** Connections upstream for phones that are not registered yet, or whoever pretends to be one. */
const maxUnbound = 300;

/** In all. */
export const maxFlows = most + maxUnbound;

/** Why a phone without a binding is not taken up; undefined: it is. Bindings of phones that are away count too: those come back. */
export function crowding({
  bindings,
  flows,
  mostPhones: limit,
}: Pick<Application, 'bindings' | 'flows' | 'mostPhones'>): string | undefined {
  if (bindings.size >= limit) return 'Too many phones';
  return flows.size >= bindings.size + maxUnbound ? 'Too many at a time' : undefined;
}
