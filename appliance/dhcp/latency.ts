/** How long clients wait for an answer: counts by duration, each step an eighth longer than the one before. */

/** From a microsecond to more than an hour. */
const steps = 190;
const ratio = 1.125;

export interface Latency {
  record(ms: number): void;
  /** Microseconds that this part of all answers took at most, to an eighth; 0 before the first. */
  percentile(part: number): number;
}

export function openLatency(): Latency {
  const counts = new Float64Array(steps);
  let total = 0;
  return {
    record: (ms) => {
      const step = Math.ceil(Math.log(Math.max(1, ms * 1000)) / Math.log(ratio));
      const at = Math.min(steps - 1, step);
      counts[at] = (counts[at] ?? 0) + 1;
      total += 1;
    },
    percentile: (part) => {
      if (total === 0) return 0;
      let seen = 0;
      const at = counts.findIndex((count) => (seen += count) >= total * part);
      return Math.round(ratio ** at);
    },
  };
}
