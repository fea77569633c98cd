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
  /** In no order. */
  const free = Array.from({ length: size }, (_, at) => start + at * 2);
  /** When each may be given out again, soonest first. */
  const resting = new Map<number, number>();
  const takeFree = (at: number): number | undefined => {
    const port = free[at];
    const last = free.pop();
    if (last !== undefined && at < free.length) free[at] = last;
    return port;
  };
  // Better one that rests too short than no call.
  const takeResting = (): number | undefined => {
    const [port] = resting.keys();
    if (port !== undefined) resting.delete(port);
    return port;
  };
  return {
    take: (now, random) => {
      for (const [port, until] of resting) {
        if (until > now) break;
        resting.delete(port);
        free.push(port);
      }
      const port = free.length > 0 ? takeFree(Math.floor(random * free.length)) : takeResting();
      if (port !== undefined) used.add(port);
      return port;
    },
    reserve: (port) => {
      if (port % 2 === 1 || port < start || port >= start + size * 2 || used.has(port)) return false;
      if (!resting.delete(port)) takeFree(free.indexOf(port));
      used.add(port);
      return true;
    },
    release: (port, now) => {
      if (used.delete(port)) resting.set(port, now + restMs);
    },
    get used() {
      return used.size;
    },
    size,
  };
}
