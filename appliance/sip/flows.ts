/** One connection to each registrar a phone, or a router with phones behind it: which one is whose, and which may be closed. */
import { randomBytes } from 'node:crypto';
import type { BindingRow } from '../store/bindings.ts';
import { placeOf } from './phone-name.ts';
import { maxFlows } from './registration-limits.ts';

export interface Flows {
  /**
   * The name of this phone's connection to the registrar; made up when there is none. Undefined: too many are open.
   * `now`, here and below: ms, by a clock that nobody sets.
   */
  name(phone: string, registrar: string, now: number): string | undefined;
  adopt(flow: string, phone: string, registrar: string): void;
  /** Whether we opened a connection of that name. */
  has(flow: string): boolean;
  /** Forgets connections that no binding uses and nobody has used for a minute; gives their names, to be closed. */
  sweep(bound: ReadonlySet<string>, now: number): string[];
  forget(flow: string): void;
  readonly size: number;
}

const unboundMs = 60_000;

/** `known`: those of the store. */
export function newFlows(known: readonly Pick<BindingRow, 'flow' | 'phone' | 'registrar'>[] = []): Flows {
  const names = new Map<string, { readonly flow: string; usedAt: number }>(
    known.map(({ flow, phone, registrar }) => [keyOf(phone, registrar), { flow, usedAt: 0 }]),
  );
  const forget = (flow: string) => {
    for (const [key, entry] of names) if (entry.flow === flow) names.delete(key);
  };
  return {
    name: (phone, registrar, now) => {
      const key = keyOf(phone, registrar);
      const known = names.get(key);
      if (known !== undefined) {
        known.usedAt = now;
        return known.flow;
      }
      if (names.size >= maxFlows) return undefined;
      const flow = `phone-${randomBytes(9).toString('hex')}`;
      names.set(key, { flow, usedAt: now });
      return flow;
    },
    adopt: (flow, phone, registrar) => {
      names.set(keyOf(phone, registrar), { flow, usedAt: 0 });
    },
    has: (flow) => Array.from(names.values()).some((entry) => entry.flow === flow),
    sweep: (bound, now) => {
      const idle = Array.from(names.values())
        .filter(({ flow, usedAt }) => !bound.has(flow) && now - usedAt > unboundMs)
        .map(({ flow }) => flow);
      for (const flow of idle) forget(flow);
      return idle;
    },
    forget,
    get size() {
      return names.size;
    },
  };
}

function keyOf(phone: string, registrar: string): string {
  return `${placeOf(phone)} ${registrar}`;
}
