/**
 * Many timers over few sleeps of the injected clock. Transactions need two or three each and cancel nearly all of them.
 * Time in which the process stood still doesn't count: what came meanwhile is read first.
 */
import type { Clock } from '../../world.ts';

export interface Timer {
  cancel(): void;
}

/** In the heap and for whoever set it: there are many, and each lives for half a minute. */
class Entry implements Timer {
  readonly at: number;
  /** Undefined: it has run, or nobody wants it any more. */
  run: (() => void) | undefined;
  readonly #onCancel: () => void;

  constructor(at: number, run: () => void, onCancel: () => void) {
    this.at = at;
    this.run = run;
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (this.run === undefined) return;
    this.run = undefined;
    this.#onCancel();
  }
}

/** Longest sleep, so that those that turned out too long don't pile up. */
const longestSleepMs = 1000;
/** More than this between two readings is a process that was stopped, not a busy event loop. */
const stopMs = 10_000;
/** Fewer than these, or than half of all, may stay until their time. */
const mostCancelled = 1000;
/** So much later may a timer fire: those of many calls share a sleep. */
const tickMs = 10;

export class TimerQueue implements Disposable {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  /** Binary heap, earliest first. */
  #heap: Entry[] = [];
  /** Of these, those that nobody wants any more. */
  #cancelled = 0;
  #lastReading: number;
  #stood = 0;
  readonly #stop = new AbortController();
  /** When the earliest sleep ends; those that turned out too long end later, and do no harm. */
  #wakesAt = Infinity;
  readonly #onCancel = () => {
    this.#cancelled += 1;
    if (this.#cancelled >= mostCancelled && this.#cancelled * 2 > this.#heap.length) this.#forgetCancelled();
  };

  /** `onError` gets what a timer threw: one that fails must not take the others with it. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
    this.#lastReading = clock.monotonic();
  }

  /** Timers that are set, those cancelled but not yet due included. */
  get size(): number {
    return this.#heap.length;
  }

  after(ms: number, run: () => void): Timer {
    const entry = new Entry(this.#now() + ms, run, this.#onCancel);
    this.#insert(entry);
    this.#arm();
    return entry;
  }

  [Symbol.dispose](): void {
    this.#heap.length = 0;
    this.#stop.abort();
  }

  /** Time that the process was there to see. */
  #now(): number {
    const reading = this.#clock.monotonic();
    const passed = reading - this.#lastReading;
    if (this.#heap.length > 0 && passed > stopMs) this.#stood += passed;
    this.#lastReading = reading;
    return reading - this.#stood;
  }

  #arm(): void {
    this.#dropCancelled();
    const next = this.#heap[0];
    if (next === undefined || this.#wakesAt <= next.at + tickMs || this.#stop.signal.aborted) return;
    const now = this.#now();
    const tick = Math.ceil(Math.max(next.at, now) / tickMs) * tickMs;
    this.#wakesAt = Math.min(tick, now + longestSleepMs);
    void this.#wait(this.#wakesAt, Math.ceil(this.#wakesAt - now));
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

  /** Nobody is woken for the earliest ones when nobody wants them any more. */
  #dropCancelled(): void {
    for (let next = this.#heap[0]; next !== undefined && next.run === undefined; next = this.#heap[0]) {
      this.#removeFirst();
      this.#cancelled -= 1;
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
