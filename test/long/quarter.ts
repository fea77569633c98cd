/** The middle one of a quarter (0 to 3) of samples in the order of their time; NaN where there are fewer than four. */
export function quarter(values: readonly number[], at: number): number {
  const size = Math.floor(values.length / 4);
  const sorted = values.slice(at * size, (at + 1) * size).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
