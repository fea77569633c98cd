/** Numbers since start, by name. */

export interface Counters {
  add(name: string, by?: number): void;
  values(): Record<string, number>;
}

export function openCounters(): Counters {
  const counts = new Map<string, number>();
  return {
    add: (name, by = 1) => {
      counts.set(name, (counts.get(name) ?? 0) + by);
    },
    values: () => Object.fromEntries(counts),
  };
}
