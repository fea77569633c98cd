/**
 * After an outage phones go back to their registrar one after the other, also when all of them ask in the same second: each
 * is told once when its turn is, and passes when it comes again. Pure but for what it remembers; times in ms.
 */

export interface ReturnPace {
  /** Seconds until this phone's turn; 0: now. */
  turn(phone: string, now: number): number;
  /** A new outage: everybody's turn is still to come. */
  forget(): void;
}

/** Nobody is told less: phones ask anew a little before their time is over, and some refuse times that are shorter. */
const leastSeconds = 10;

export function newReturnPace(perSecond: number): ReturnPace {
  const stepMs = 1000 / perSecond;
  const seen = new Set<string>();
  let freeAt = -Infinity;
  return {
    turn: (phone, now) => {
      // It has had its turn, and answers its registrar's challenge now, or was told when to come.
      if (seen.has(phone)) return 0;
      seen.add(phone);
      // As many at once as go in a second: they come by themselves in no order.
      const at = Math.max(freeAt, now - 1000);
      freeAt = at + stepMs;
      return freeAt <= now ? 0 : leastSeconds + Math.ceil((freeAt - now) / 1000);
    },
    forget: () => {
      seen.clear();
      freeAt = -Infinity;
    },
  };
}
