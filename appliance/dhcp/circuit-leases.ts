/** How many leases run on each circuit, which is a switch port where switches name ports (RFC 3046). */
import type { LeaseRow } from '../store/leases.ts';

export type Circuit = Pick<LeaseRow, 'giaddr' | 'circuit_id'>;

export interface CircuitLeases {
  add(circuit: Circuit): void;
  remove(circuit: Circuit): void;
  count(circuit: Circuit): number;
}

export function circuitLeases(): CircuitLeases {
  const counts = new Map<string, number>();
  const change = (circuit: Circuit, by: number) => {
    const key = keyOf(circuit);
    const count = (counts.get(key) ?? 0) + by;
    if (count === 0) counts.delete(key);
    else counts.set(key, count);
  };
  return {
    add: (circuit) => change(circuit, 1),
    remove: (circuit) => change(circuit, -1),
    count: (circuit) => counts.get(keyOf(circuit)) ?? 0,
  };
}

function keyOf({ giaddr, circuit_id }: Circuit): string {
  return `${giaddr} ${circuit_id}`;
}
