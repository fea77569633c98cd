/** Lets so much work run at once; the rest waits in the order in which it came. */
export type Pacer = <T>(work: () => Promise<T>) => Promise<T>;

export function newPacer(mostAtOnce: number): Pacer {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next one, or is free.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
