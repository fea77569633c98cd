/**
 * Many timers over few sleeps of the injected clock. Transactions need two or three each and cancel nearly all of them.
 * A step of the wall clock (time arrives from the network after start) neither fires nor stalls them.
 */
import type { Clock } from '../../world.ts';

export interface Timer {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  run: (() => void) | undefined;
}

/** Longest sleep, so that a step of the clock is noticed soon. */
const longestSleepMs = 1000;
/** Fewer than these, or than half of all, may stay until their time. */
const mostCancelled = 1000;
/** More than this between two readings is a step, not a busy event loop. */
const stepMs = 10_000;

export class TimerQueue implements Disposable {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  /** Binary heap, earliest first. */
  #heap: Entry[] = [];
  /** Of these, those that nobody wants any more. */
  #cancelled = 0;
  #lastReading: number;
  #skew = 0;
  readonly #stop = new AbortController();
  /** When the earliest sleep ends; those that turned out too long end later, and do no harm. */
  #wakesAt = Infinity;

  /** `onError` gets what a timer threw: one that fails must not take the others with it. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
    this.#lastReading = clock.now();
  }

  /** Timers that are set, those cancelled but not yet due included. */
  get size(): number {
    return this.#heap.length;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Entry = { at: this.#now() + ms, run };
    this.#insert(entry);
    this.#arm();
    return {
      cancel: () => {
        if (entry.run === undefined) return;
        entry.run = undefined;
        this.#cancelled += 1;
        if (this.#cancelled >= mostCancelled && this.#cancelled * 2 > this.#heap.length)
          this.#forgetCancelled();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#heap.length = 0;
    this.#stop.abort();
  }

  /** Steady time: wall time less its steps. */
  #now(): number {
    const reading = this.#clock.now();
    const passed = reading - this.#lastReading;
    if (this.#heap.length > 0 && (passed < 0 || passed > stepMs)) this.#skew += passed;
    this.#lastReading = reading;
    return reading - this.#skew;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || this.#wakesAt <= next.at || this.#stop.signal.aborted) return;
    const now = this.#now();
    this.#wakesAt = Math.min(Math.max(next.at, now), now + longestSleepMs);
    void this.#wait(this.#wakesAt, this.#wakesAt - now);
  }

  async #wait(until: number, ms: number): Promise<void> {
    try {
      await this.#clock.sleep(ms, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      throw error;
    }
    if (this.#wakesAt === until) this.#wakesAt = Infinity;
    this.#fire();
    this.#arm();
  }

  #fire(): void {
    const now = this.#now();
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      this.#removeFirst();
      const { run } = next;
      if (run === undefined) {
        this.#cancelled -= 1;
        continue;
      }
      next.run = undefined;
      try {
        run();
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #forgetCancelled(): void {
    // What is sorted is a heap too.
    this.#heap = this.#heap.filter(({ run }) => run !== undefined).toSorted((a, b) => a.at - b.at);
    this.#cancelled = 0;
  }

  #insert(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    const length = this.#heap.length;
    if (last === undefined || length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const isRight = right !== undefined && left !== undefined && right.at < left.at;
      const smaller = isRight ? right : left;
      if (smaller === undefined || smaller.at >= last.at) break;
      this.#heap[at] = smaller;
      at = 2 * at + (isRight ? 2 : 1);
    }
    this.#heap[at] = last;
  }
}
