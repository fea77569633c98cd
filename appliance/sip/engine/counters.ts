/** What happened since start, by name. */
export interface Counters {
  add(name: string): void;
  read(): Record<string, number>;
}

export function newCounters(): Counters {
  const counts = new Map<string, number>();
  return {
    add: (name) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    read: () => Object.fromEntries(counts),
  };
}
