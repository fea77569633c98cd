/** In which order connections were opened and lost: one that was there before another one was lost is of another phone behind the same address. */
import type { Flow } from './flow.ts';

export class FlowOrder {
  #last = 0;
  readonly #openedAt = new WeakMap<Flow, number>();
  readonly #lostAt = new WeakMap<Flow, number>();

  opened(flow: Flow): void {
    this.#openedAt.set(flow, (this.#last += 1));
  }

  lost(flow: Flow): void {
    this.#lostAt.set(flow, (this.#last += 1));
  }

  /** Whether `flow` may be what came in the place of `lost`. Those that we opened have names, and need no guess. */
  isNext(flow: Flow, lost: Flow): boolean {
    return flow.isOutbound || (this.#openedAt.get(flow) ?? Infinity) > (this.#lostAt.get(lost) ?? 0);
  }
}
