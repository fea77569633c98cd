/** Which ports carry media: even for RTP, the next one for RTCP (RFC 3550 section 11). */

export interface PortPool {
  /** An even port whose pair nobody uses; undefined when none is left. `random` is in [0, 1). */
  take(now: number, random: number): number | undefined;
  /** Takes this one, even, out of those that are given out; false when somebody has it or it is none of them. */
  reserve(port: number): boolean;
  /** Rests for a while before it is given out again: packets of the old call are still on their way. */
  release(port: number, now: number): void;
  readonly used: number;
  readonly size: number;
}

export const restMs = 30_000;

export function newPortPool(first: number, last: number): PortPool {
  const start = first + (first % 2);
  const size = Math.max(0, Math.floor((last - start + 1) / 2));
  const used = new Set<number>();
  /** In the order in which they may be given out again. */
  const resting = new Map<number, number>();
  return {
    take: (now, random) => {
      for (const [port, until] of resting) {
        if (until > now) break;
        resting.delete(port);
      }
      const offset = Math.floor(random * size);
      let second: number | undefined;
      for (let at = 0; at < size; at += 1) {
        const port = start + ((offset + at) % size) * 2;
        if (used.has(port)) continue;
        if (resting.has(port)) {
          second ??= port;
          continue;
        }
        used.add(port);
        return port;
      }
      // Better one that rested too short than no call.
      if (second !== undefined) used.add(second);
      return second;
    },
    reserve: (port) => {
      if (port % 2 === 1 || port < start || port >= start + size * 2 || used.has(port)) return false;
      used.add(port);
      return true;
    },
    release: (port, now) => {
      if (!used.delete(port)) return;
      resting.delete(port);
      resting.set(port, now + restMs);
    },
    get used() {
      return used.size;
    },
    size,
  };
}
